// SPDX-License-Identifier: Apache-2.0
#include "platform/host/replica_group.h"

#include <algorithm>
#include <utility>

#include "modules/base/error.h"
#include "modules/cluster/shares.h"

namespace h2 {
namespace {

std::size_t weights_of(const Network& network) {
  std::size_t sum = 0;
  for (const Layer& l : network.layers) sum += l.weight_count();
  return sum;
}

}  // namespace

ReplicaGroup::ReplicaGroup(const Config& config, const Seat& seat, CardSession& session,
                           double memory_gbps)
    : config_(config),
      seat_(seat),
      session_(session),
      memory_gbps_(memory_gbps),
      values_(weights_of(config.network)) {}

void ReplicaGroup::require_room() const {
  const h2_device& d = session_.device;
  const auto parts = static_cast<std::uint64_t>(config_.training.replicas / cards());
  const std::uint64_t needed = d.used[2] + (parts - 1) * values_ * d.value_bytes;
  if (needed <= d.memory_bytes) return;
  throw RunError("training.replicas: " + std::to_string(config_.training.replicas) +
                 ": the gradients of " + std::to_string(parts) +
                 " parts, and what else lies in Mem2, take " + std::to_string(needed) +
                 " bytes; legal: up to memory.bytes, " + std::to_string(d.memory_bytes));
}

void ReplicaGroup::begin_part(const h2_group& whole, std::uint64_t part) {
  const auto parts = static_cast<std::uint64_t>(config_.training.replicas);
  const auto size = static_cast<std::uint64_t>(config_.training.sub_batch);
  const Share of = share_of(whole.sub_batches, parts, part);
  const std::uint64_t first = of.first * size;
  const std::uint64_t samples = std::min<std::uint64_t>(of.end() * size, whole.samples) - first;
  part_ = whole;
  part_.sub_batches = static_cast<std::uint32_t>(of.count);
  part_.samples = static_cast<std::uint32_t>(samples);
  part_.loss_samples = whole.samples;
  part_.before_update = &ReplicaGroup::before_update;
  part_.update_context = this;
  collected_ = false;
  select(first, samples);
}

int ReplicaGroup::train(HostCpu& host, h2_group& whole) {
  host_ = &host;
  mine_ = Contribution{};
  agreement_.reset();
  lost_ = skipped_ = false;
  const Share parts =
      share_of(static_cast<std::uint64_t>(config_.training.replicas),
               static_cast<std::uint64_t>(cards()), static_cast<std::uint64_t>(card()));
  int error = H2_OK;
  for (std::uint64_t p = parts.first; p < parts.end(); ++p) {
    last_ = p + 1 == parts.end();
    begin_part(whole, p);
    error = h2_train_group(&session_.device, &part_);
    if (!collected_ || lost_) break;
  }
  if (lost_) throw RunError("adding up the gradients of the parts: a memory did not answer");
  if (!agreement_) {
    if (error != H2_DRV_STOPPED && !skips(error, false)) return error;
    come(error == H2_DRV_STOPPED ? CardState::stopped : CardState::overflow);
  }
  for (const PartResult& r : agreement_->results) {
    whole.loss_sum += r.loss;
    whole.correct += r.correct;
  }
  return outcome(error);
}

/// The driver calls it, which knows no exceptions: what goes wrong is kept.
int ReplicaGroup::before_update(void* self) {
  auto& r = *static_cast<ReplicaGroup*>(self);
  r.collected_ = true;
  r.lost_ = !r.collect();
  if (r.lost_ || !r.last_) return 1;
  return r.reduce() ? 0 : 1;
}

bool ReplicaGroup::each_layer(std::vector<std::uint8_t>& stored, tlm::tlm_command command) const {
  const h2_device& d = session_.device;
  std::uint8_t* at = stored.data();
  for (std::uint32_t l = 0; l < d.table.layers; ++l) {
    const std::size_t bytes = config_.network.layers[l].weight_count() * d.value_bytes;
    if (!host_->debug(command, h2_gradient_address(&d, l), at, bytes)) return false;
    at += bytes;
  }
  return true;
}

/// Takes the gradients of the part that has ended.
bool ReplicaGroup::collect() {
  std::vector<std::uint8_t> stored(values_ * session_.device.value_bytes);
  if (!each_layer(stored, tlm::TLM_READ_COMMAND)) return false;
  mine_.values.push_back(std::move(stored));
  mine_.results.push_back({part_.loss_sum, part_.correct, part_.samples});
  return true;
}

bool ReplicaGroup::write_sum() {
  std::vector<std::uint8_t> sum = agreement_->values;
  return each_layer(sum, tlm::TLM_WRITE_COMMAND);
}

void ReplicaGroup::come(CardState state) {
  mine_.state = state;
  mine_.make_room = make_room();
  agreement_ = meet(*host_, *seat_.sums, card(), std::exchange(mine_, {}));
}

/// True if the update is to follow.
bool ReplicaGroup::reduce() {
  mine_.combination = {Combination::Kind::add_parts, values_, session_.device.value_bytes};
  come(CardState::done);
  if (agreement_->state != CardState::done) return false;
  ClusterSpec spec = config_.cluster;
  spec.cards = cards();
  const CollectiveCost cost =
      Collective(spec).cost({values_, config_.training.replicas / cards()}, memory_gbps_);
  host_->pause(sc_core::sc_time::from_value(cost.total_ps()));
  on_meeting(*agreement_, cost);
  if (agreement_->bad != values_) return false;
  lost_ = !write_sum();
  return !lost_;
}

std::string ReplicaGroup::layer_of(std::size_t value) const {
  for (const Layer& l : config_.network.layers) {
    if (value < l.weight_count()) return l.name;
    value -= l.weight_count();
  }
  return "";
}

int ReplicaGroup::outcome(int error) {
  const Agreement& all = *agreement_;
  switch (all.state) {
    case CardState::failed:
      throw RunError(failure_of(all));
    case CardState::stopped:
    case CardState::preempted:
      return H2_DRV_STOPPED;
    case CardState::overflow:
      skipped_ = true;
      return H2_ERR_OVERFLOW;
    case CardState::done:
      break;
  }
  if (all.bad == values_) return error;
  skipped_ = skips(H2_ERR_OVERFLOW, true);
  if (skipped_) return H2_ERR_OVERFLOW;
  throw RunError("training step " + std::to_string(session_.device.step + 1) +
                 ": adding up the gradients of " + std::to_string(config_.training.replicas) +
                 " parts: the sum for a weight of layer " + layer_of(all.bad) +
                 " became infinite or NaN");
}

}  // namespace h2
