// SPDX-License-Identifier: Apache-2.0
#include "platform/host/loss_scaling.h"

#include <string>

namespace h2 {
namespace {

constexpr float kMost = 16777216;  // the card's limit, 2^24

}  // namespace

LossScaling::LossScaling(const TrainingConfig& config, RunRecord& record)
    : config_(config), record_(record) {
  if (dynamic() && !record_.loss_scale) {
    record_.loss_scale = LossScaleRecord{config_.update.loss_scale, 0, 0, 0};
  }
}

void LossScaling::set(float scale, CardSession& card) {
  record_.loss_scale->factor = scale;
  record_.loss_scale->groups_since = 0;
  card.check(h2_set_loss_scale(&card.device, scale),
             "setting the loss scale to " + std::to_string(static_cast<long>(scale)));
}

void LossScaling::begin(CardSession& card) {
  if (!dynamic()) return;
  const float factor = record_.loss_scale->factor;
  if (factor == config_.update.loss_scale) return;
  card.check(h2_set_loss_scale(&card.device, factor), "setting the loss scale");
}

bool LossScaling::may_skip(int error, const CardSession& card, bool summed) const {
  if (!dynamic() || error != H2_ERR_OVERFLOW) return false;
  const std::uint8_t opcode = card.device.failure_opcode;
  const bool gradient = summed || opcode == H2_OP_BACKWARD || opcode == H2_OP_WEIGHT_GRADIENT;
  return gradient && record_.loss_scale->factor > 1;
}

void LossScaling::skip(CardSession& card) {
  ++record_.loss_scale->skipped_groups;
  set(record_.loss_scale->factor / 2, card);
}

void LossScaling::succeeded(CardSession& card) {
  if (!dynamic()) return;
  LossScaleRecord& r = *record_.loss_scale;
  if (++r.groups_since < static_cast<std::uint64_t>(config_.loss_scale_growth)) return;
  if (r.factor >= kMost) return;
  ++r.doublings;
  set(r.factor * 2, card);
}

}  // namespace h2
