// SPDX-License-Identifier: Apache-2.0
#include "platform/host/federated_round.h"

#include <cstring>
#include <utility>
#include <vector>

#include "modules/base/error.h"
#include "platform/host/training_state.h"

namespace h2 {
namespace {

std::vector<std::uint8_t> flat(const std::vector<std::vector<float>>& masters) {
  std::vector<std::uint8_t> bytes;
  for (const std::vector<float>& layer : masters) {
    const std::size_t at = bytes.size(), size = layer.size() * sizeof(float);
    bytes.resize(at + size);
    std::memcpy(&bytes[at], layer.data(), size);
  }
  return bytes;
}

void unflatten(const std::vector<std::uint8_t>& bytes, std::vector<std::vector<float>>& masters) {
  std::size_t at = 0;
  for (std::vector<float>& layer : masters) {
    std::memcpy(layer.data(), &bytes[at], layer.size() * sizeof(float));
    at += layer.size() * sizeof(float);
  }
}

}  // namespace

FederatedRound::FederatedRound(const Config& config, const Seat& seat, CardSession& session,
                               double memory_gbps, std::uint64_t samples)
    : config_(config),
      seat_(seat),
      session_(session),
      memory_gbps_(memory_gbps),
      samples_(samples) {}

/// The last card is as slow as configured.
void FederatedRound::lag(HostCpu& host) const {
  const double more = config_.federated.straggler - 1;
  if (seat_.card + 1 == seat_.cards && more > 0) {
    host.pause((sc_core::sc_time_stamp() - begin_) * more);
  }
}

CardState FederatedRound::average(HostCpu& host) {
  lag(host);
  std::vector<std::vector<float>> masters = read_masters(config_, host, session_);
  Contribution mine;
  mine.values.push_back(flat(masters));
  const std::size_t values = mine.values.front().size() / sizeof(float);
  mine.make_room = make_room();
  mine.combination = {Combination::Kind::average, values, sizeof(float)};
  mine.results.push_back({0, 0, static_cast<std::uint32_t>(samples_)});
  const auto agreement = meet(host, *seat_.averages, seat_.card, std::move(mine));
  if (agreement->state == CardState::failed) throw RunError(failure_of(*agreement));
  if (agreement->state != CardState::done) return agreement->state;
  makes_room_ = agreement->make_room;
  ClusterSpec spec = config_.cluster;
  spec.cards = seat_.cards;
  const CollectiveCost cost = Collective(spec).star(values, memory_gbps_);
  host.pause(sc_core::sc_time::from_value(cost.total_ps()));
  on_meeting(*agreement, cost);
  unflatten(agreement->values, masters);
  write_state(start_of_training(std::move(masters)), config_, host, session_);
  session_.check(h2_confirm_weights(&session_.device), "beginning a federated round");
  begin();
  return CardState::done;
}

}  // namespace h2
