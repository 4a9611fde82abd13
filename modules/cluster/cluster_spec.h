// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// How gradients of several cards become their sum on every card.
enum class CollectiveAlgorithm {
  ring,    ///< every card adds up its share of the weights, then the shares go round
  tree,    ///< up and down a binary tree, all weights at every level
  halving  ///< exchange of halves, quarters, .. with cards 1, 2, 4, .. away, and back
};

/// What connects the cards.
enum class ClusterTopology {
  switched,  ///< a link from each card to a switch that never blocks
  ring       ///< links to the two neighbours; farther messages pass through the cards between
};

/// cluster: cards that train together, and the links between them. Links are full duplex.
struct ClusterSpec {
  int cards = 1;
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::ring;
  ClusterTopology topology = ClusterTopology::switched;
  double bandwidth_gbps = 12.5;  ///< 1e9 bytes per second, of a link in one direction
  double latency_us = 1;         ///< of a message over one link
  int sum_bytes = 2;             ///< of a partial sum on the links of tree and halving, 2 or 4
};

/// Which samples a worker trains on.
enum class ShardKind {
  iid,       ///< an even part of a random order
  two_label  ///< samples of two labels, mostly: the order by label in two even pieces per worker
};

/// federated: workers that train on their own samples and meet to average their weights.
struct FederatedSpec {
  int local_epochs = 0;  ///< passes over a worker's samples between two averages; 0: not federated
  ShardKind shards = ShardKind::iid;
  double straggler = 1;  ///< time of the last worker's training, as a factor
  bool enabled() const { return local_epochs != 0; }
};

}  // namespace h2
