// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/cluster/collective.h"

namespace h2 {

/// One card's batch group, as a profile with a separate update has measured it.
struct CardProfile {
  double sub_batch_s = 0;    ///< of one more sub-batch in a group
  double group_s = 0;        ///< of a group besides: first fill of the pipeline, and the update
  std::uint64_t values = 0;  ///< weights
  double memory_gbps = 0;    ///< peak of Mem2
  double seconds(double sub_batches) const { return sub_batches * sub_batch_s + group_s; }
};

/// A batch group on so many cards.
struct ScalingPoint {
  int cards = 1;
  double sub_batches = 0;  ///< of each card
  double compute_s = 0, link_s = 0, memory_s = 0;
  double efficiency = 1;  ///< share of the ideal speed, cards x that of one
  double total_s() const { return compute_s + link_s + memory_s; }
};

/// Cards 1, 2, 4, .. `most`, one part each, whose computing takes the time of the profile: every
/// card has `sub_batches` (weak scaling).
std::vector<ScalingPoint> weak_scaling(const CardProfile& card, ClusterSpec cluster,
                                       int sub_batches, int most);
/// The same where all cards share a group of `sub_batches` (strong scaling), `most` or more.
std::vector<ScalingPoint> strong_scaling(const CardProfile& card, ClusterSpec cluster,
                                         int sub_batches, int most);

}  // namespace h2
