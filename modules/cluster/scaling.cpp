// SPDX-License-Identifier: Apache-2.0
#include "modules/cluster/scaling.h"

namespace h2 {
namespace {

ScalingPoint point(const CardProfile& card, ClusterSpec cluster, int cards, double sub_batches) {
  cluster.cards = cards;
  const CollectiveCost cost = Collective(cluster).cost({card.values, 1}, card.memory_gbps);
  ScalingPoint p;
  p.cards = cards;
  p.sub_batches = sub_batches;
  p.compute_s = card.seconds(sub_batches);
  p.link_s = static_cast<double>(cost.link_ps) * 1e-12;
  p.memory_s = static_cast<double>(cost.memory_ps) * 1e-12;
  return p;
}

}  // namespace

std::vector<ScalingPoint> weak_scaling(const CardProfile& card, ClusterSpec cluster,
                                       int sub_batches, int most) {
  std::vector<ScalingPoint> points;
  for (int cards = 1; cards <= most; cards *= 2) {
    points.push_back(point(card, cluster, cards, sub_batches));
    points.back().efficiency = points.front().total_s() / points.back().total_s();
  }
  return points;
}

std::vector<ScalingPoint> strong_scaling(const CardProfile& card, ClusterSpec cluster,
                                         int sub_batches, int most) {
  std::vector<ScalingPoint> points;
  for (int cards = 1; cards <= most; cards *= 2) {
    points.push_back(point(card, cluster, cards, static_cast<double>(sub_batches) / cards));
    points.back().efficiency = points.front().total_s() / (cards * points.back().total_s());
  }
  return points;
}

}  // namespace h2
