// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/cluster/cluster_spec.h"

namespace h2 {

/// What is added up: one gradient per weight and part, FP16.
struct CollectiveLoad {
  std::uint64_t values = 0;                           ///< weights of the network
  int parts = 1;                                      ///< of each card, in its Mem2
  std::uint64_t bytes() const { return 2 * values; }  ///< of one part
};

/// A step in which all cards that take part send one message each.
struct CollectiveStep {
  std::uint64_t bytes = 0;    ///< of the message
  std::uint64_t hops = 1;     ///< links that it passes
  std::uint64_t sharing = 1;  ///< messages on the busiest link
};

/// What it takes to add up the gradients of a batch group.
struct CollectiveCost {
  std::uint64_t link_ps = 0;     ///< on the links: the sum of the steps
  std::uint64_t memory_ps = 0;   ///< parts read from Mem2, and their sum written, at its peak rate
  std::uint64_t sent_bytes = 0;  ///< by the card that sends most
  std::uint64_t memory_bytes = 0;  ///< of one card
  std::uint64_t total_ps() const { return link_ps + memory_ps; }
};

/// One all-reduce between `spec.cards` cards, by the formulas of CLUSTER.md. Pure: it knows no
/// simulator, and moves no values (part_sum.h).
class Collective {
 public:
  /// `spec.cards` is a power of two for halving.
  explicit Collective(const ClusterSpec& spec) : spec_(spec) {}

  /// Nothing for one card.
  std::vector<CollectiveStep> steps(const CollectiveLoad& load) const;
  /// Picoseconds of one step, rounded up.
  std::uint64_t step_ps(const CollectiveStep& step) const;
  /// `memory_gbps`: peak of Mem2, 1e9 bytes per second. One card with one part needs nothing.
  CollectiveCost cost(const CollectiveLoad& load, double memory_gbps) const;
  /// A federated round: every card sends its FP32 weights to a server, which shares its one link
  /// among them, and gets their mean back.
  CollectiveCost star(std::uint64_t values, double memory_gbps) const;

 private:
  void add_ring(const CollectiveLoad& load, std::vector<CollectiveStep>& steps) const;
  void add_tree(const CollectiveLoad& load, std::vector<CollectiveStep>& steps) const;
  void add_halving(const CollectiveLoad& load, std::vector<CollectiveStep>& steps) const;
  /// Bytes of what a card sends on its way to the sum, for each weight.
  std::uint64_t value_bytes(const CollectiveLoad& load, bool first) const;
  /// A message to the card `distance` further, while `sharing` cards in a row do the same.
  CollectiveStep step(std::uint64_t bytes, std::uint64_t distance, std::uint64_t sharing) const;

  const ClusterSpec spec_;
};

/// Picoseconds that `bytes` take at `gbps`, rounded up.
std::uint64_t transfer_ps(std::uint64_t bytes, double gbps);

}  // namespace h2
