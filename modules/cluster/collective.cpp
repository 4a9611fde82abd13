// SPDX-License-Identifier: Apache-2.0
#include "modules/cluster/collective.h"

#include <algorithm>
#include <cmath>

#include "modules/base/ceil_div.h"

namespace h2 {

std::uint64_t transfer_ps(std::uint64_t bytes, double gbps) {
  return static_cast<std::uint64_t>(std::ceil(static_cast<double>(bytes) * 1e3 / gbps));
}

CollectiveStep Collective::step(std::uint64_t bytes, std::uint64_t distance,
                                std::uint64_t sharing) const {
  if (spec_.topology == ClusterTopology::switched) return {bytes, 1, 1};
  return {bytes, distance, sharing};
}

std::uint64_t Collective::value_bytes(const CollectiveLoad& load, bool first) const {
  return first && load.parts == 1 ? 2 : static_cast<std::uint64_t>(spec_.sum_bytes);
}

void Collective::add_ring(const CollectiveLoad& load, std::vector<CollectiveStep>& steps) const {
  const auto cards = static_cast<std::uint64_t>(spec_.cards);
  const std::uint64_t share = 2 * ceil_div(load.values, cards);
  for (std::uint64_t k = 1; k < cards; ++k) {
    const std::uint64_t distance = std::min(k, cards - k);
    steps.push_back(step(static_cast<std::uint64_t>(load.parts) * share, distance, distance));
  }
  steps.insert(steps.end(), cards - 1, step(share, 1, 1));
}

void Collective::add_tree(const CollectiveLoad& load, std::vector<CollectiveStep>& steps) const {
  const auto cards = static_cast<std::uint64_t>(spec_.cards);
  std::vector<CollectiveStep> down;
  for (std::uint64_t distance = 1; distance < cards; distance *= 2) {
    const std::uint64_t hops = std::min(distance, cards - distance);
    steps.push_back(step(load.values * value_bytes(load, distance == 1), hops, 1));
    down.push_back(step(load.bytes(), hops, 1));
  }
  steps.insert(steps.end(), down.rbegin(), down.rend());
}

void Collective::add_halving(const CollectiveLoad& load, std::vector<CollectiveStep>& steps) const {
  const auto cards = static_cast<std::uint64_t>(spec_.cards);
  std::vector<CollectiveStep> back;
  for (std::uint64_t distance = 1; distance < cards; distance *= 2) {
    const std::uint64_t values = ceil_div(load.values, 2 * distance);
    steps.push_back(step(values * value_bytes(load, distance == 1), distance, distance));
    back.push_back(step(values * 2, distance, distance));
  }
  steps.insert(steps.end(), back.rbegin(), back.rend());
}

std::vector<CollectiveStep> Collective::steps(const CollectiveLoad& load) const {
  std::vector<CollectiveStep> steps;
  if (spec_.cards == 1) return steps;
  switch (spec_.algorithm) {
    case CollectiveAlgorithm::ring:
      add_ring(load, steps);
      break;
    case CollectiveAlgorithm::tree:
      add_tree(load, steps);
      break;
    case CollectiveAlgorithm::halving:
      add_halving(load, steps);
      break;
  }
  return steps;
}

std::uint64_t Collective::step_ps(const CollectiveStep& step) const {
  const auto latency = static_cast<std::uint64_t>(std::llround(spec_.latency_us * 1e6));
  return step.hops * latency + transfer_ps(step.bytes * step.sharing, spec_.bandwidth_gbps);
}

CollectiveCost Collective::cost(const CollectiveLoad& load, double memory_gbps) const {
  CollectiveCost cost;
  if (spec_.cards == 1 && load.parts == 1) return cost;
  for (const CollectiveStep& s : steps(load)) {
    cost.link_ps += step_ps(s);
    cost.sent_bytes += s.bytes;
  }
  cost.memory_bytes = (static_cast<std::uint64_t>(load.parts) + 1) * load.bytes();
  cost.memory_ps = transfer_ps(cost.memory_bytes, memory_gbps);
  return cost;
}

CollectiveCost Collective::star(std::uint64_t values, double memory_gbps) const {
  CollectiveCost cost;
  const auto cards = static_cast<std::uint64_t>(spec_.cards);
  const CollectiveStep way{4 * values, 1, cards};
  cost.link_ps = 2 * step_ps(way);
  cost.sent_bytes = way.bytes;
  cost.memory_bytes = 2 * way.bytes;
  cost.memory_ps = transfer_ps(cost.memory_bytes, memory_gbps);
  return cost;
}

}  // namespace h2
