// SPDX-License-Identifier: Apache-2.0
#include "platform/host/trial.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "modules/base/rng.h"
#include "platform/host/training_state.h"
#include "platform/platform.h"

namespace h2 {
namespace {

constexpr float kLargestLossScale = 16777216;
constexpr float kGainStep = 1.41421356F;
constexpr int kGainSteps = 12;  // up to 64 times, or down to a 64th

}  // namespace

std::optional<std::size_t> TrialPass::rate_outside(double low, double high) const {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Density& spikes = layers[l].densities.spikes;
    const bool last = l + 1 == layers.size();
    if (spikes.elements == 0) continue;  // a read-out
    if (spikes.nonzeros == 0 || (!last && (spikes.share() < low || spikes.share() > high)))
      return l;
  }
  return {};
}

bool TrialPass::overflows() const {
  return std::any_of(layers.begin(), layers.end(),
                     [](const TrialLayer& l) { return l.overflows != 0; });
}

double TrialPass::lost_share() const {
  double most = 0;
  for (const TrialLayer& l : layers) most = std::max(most, l.lost_share());
  return most;
}

Trial::Trial(const Config& config, const Dataset& samples, std::vector<std::vector<float>> weights,
             Platform& platform)
    : config_(config),
      samples_(samples),
      weights_(std::move(weights)),
      platform_(platform),
      card_(config),
      feed_(config) {
  const TrainingConfig& t = config.training;
  const auto all = static_cast<std::uint32_t>(samples.size());
  const std::size_t count = std::min<std::size_t>(t.sub_batch, all);
  const std::vector<std::uint32_t> order = permutation(all, t.seed, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t sample = t.shuffle ? order[i] : i;
    pointers_.push_back(feed_.take(samples, {sample, 0, false}, i));
    labels_.push_back(static_cast<std::uint32_t>(samples.label(sample)));
  }
}

void Trial::operator()(HostCpu& host) {
  card_.open(host);
  write_weights(host, 1);
  first = pass(true);
  if (first.rate_outside(kFewSpikes, kManySpikes)) find_gain(host);
  if (first.overflows() || first.lost_share() > kLostGradients) find_loss_scale();
}

void Trial::write_weights(HostCpu& host, float factor) {
  std::vector<std::vector<float>> scaled = weights_;
  for (std::size_t l = 0; l < scaled.size(); ++l) {
    const std::uint64_t weights = config_.network.layers[l].weight_count();
    for (std::uint64_t i = 0; i < weights; ++i) scaled[l][i] *= factor;
  }
  write_state(start_of_training(std::move(scaled)), config_, host, card_);
}

/// The sub-batch, and then the end of the group: its gradients are those of a whole group, which
/// gets no update.
int Trial::next_sub_batch(void* self, h2_sub_batch* next) {
  auto& t = *static_cast<Trial*>(self);
  if (t.taken_) return H2_DRV_STOPPED;
  t.taken_ = true;
  next->samples = t.pointers_.data();
  next->labels = t.labels_.data();
  next->count = static_cast<std::uint32_t>(t.pointers_.size());
  return H2_OK;
}

TrialPass Trial::pass(bool backward) {
  TrialPass found;
  found.layers.resize(config_.network.layers.size());
  const int observer = platform_.controller.job_ended.add([&](const LayerRecord& r) {
    const bool weights = r.opcode == H2_OP_WEIGHT_GRADIENT;
    TrialLayer& layer = found.layers[weights ? r.job.layer_index : r.job.result_layer];
    layer.densities += r.job.densities;
    layer.overflows += r.job.range.overflows;
    if (r.opcode == H2_OP_BACKWARD) layer.lost_gradients += r.job.range.underflows;
  });
  const std::uint64_t begin = platform_.cycle();
  const auto clock = std::chrono::steady_clock::now();
  int error = H2_OK;
  taken_ = false;
  if (backward) {
    const TrainingConfig& t = config_.training;
    h2_group group{};
    group.sub_batches = static_cast<std::uint32_t>(t.batch_group);
    group.samples = group.sub_batches * static_cast<std::uint32_t>(pointers_.size());
    group.loss = t.loss == LossKind::mse ? H2_LOSS_MSE : H2_LOSS_CROSS_ENTROPY;
    group.update = H2_UPDATE_SEPARATE;
    group.source = &Trial::next_sub_batch;
    group.source_context = this;
    group.before_update = [](void*) { return 1; };
    error = h2_train_group(&card_.device, &group);
  } else {
    h2_sub_batch batch{};
    next_sub_batch(this, &batch);
    std::vector<std::uint32_t> predicted(pointers_.size());
    error = h2_infer(&card_.device, &batch, predicted.data());
  }
  platform_.controller.job_ended.remove(observer);
  found.cycles = platform_.cycle() - begin;
  found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - clock).count();
  if (error != H2_DRV_STOPPED && error != H2_ERR_OVERFLOW) card_.check(error, "the trial");
  if (found.overflows()) card_.check(h2_recover(&card_.device), "recovering from the trial");
  return found;
}

/// The gain that is nearest to the configured one.
void Trial::find_gain(HostCpu& host) {
  const std::size_t layer = *first.rate_outside(kFewSpikes, kManySpikes);
  const bool few = first.layers[layer].densities.spikes.share() < kFewSpikes;
  float factor = 1;
  for (int i = 0; i < kGainSteps; ++i) {
    factor = few ? factor * kGainStep : factor / kGainStep;
    write_weights(host, factor);
    const TrialPass tried = pass(false);
    if (tried.overflows()) break;
    if (tried.rate_outside(kFewSpikes, kManySpikes)) continue;
    gain = factor;
    return;
  }
  write_weights(host, 1);
}

/// True if no layer loses a noticeable part of its gradients, or more than FP16 can hold.
bool Trial::fits(float scale) {
  card_.check(h2_set_loss_scale(&card_.device, scale), "setting the loss scale");
  const TrialPass tried = pass(true);
  return !tried.overflows() && tried.lost_share() <= kLostGradients;
}

void Trial::find_loss_scale() {
  float scale = config_.training.update.loss_scale;
  const bool down = first.overflows();
  for (;;) {
    scale = down ? scale / 4 : scale * 4;
    if (scale < 1 || scale > kLargestLossScale) return;
    if (!fits(scale)) continue;
    loss_scale = scale;
    return;
  }
}

}  // namespace h2
