// SPDX-License-Identifier: Apache-2.0
#include "platform/config/key_builders.h"

namespace h2 {

std::vector<Key> cluster_keys() {
  return {
      integer("cluster.cards", {1, 1024}, "cards that share every batch group of a training",
              H2_AT(cluster.cards)),
      choice("cluster.algorithm",
             {{"ring", CollectiveAlgorithm::ring},
              {"tree", CollectiveAlgorithm::tree},
              {"halving", CollectiveAlgorithm::halving}},
             "how the gradients of the cards become their sum on every card",
             H2_AT(cluster.algorithm)),
      choice("cluster.topology",
             {{"switch", ClusterTopology::switched}, {"ring", ClusterTopology::ring}},
             "each card linked to a switch, or to its two neighbours", H2_AT(cluster.topology)),
      number("cluster.bandwidth_gbps", {0.001, 1000000}, "of a link in one direction, 1e9 B/s",
             H2_AT(cluster.bandwidth_gbps)),
      number("cluster.latency_us", {0, 1000000}, "of a message over one link, us",
             H2_AT(cluster.latency_us)),
      integer("cluster.sum_bytes", {2, 4, false, false, true},
              "bytes of a partial sum on the links of tree and halving; 4: not rounded on the way",
              H2_AT(cluster.sum_bytes)),
      integer("federated.local_epochs", {0, 1000000},
              "passes of each card over samples of its own between two averages of the weights, 0: "
              "the cards share every batch group",
              H2_AT(federated.local_epochs)),
      choice("federated.shards", {{"iid", ShardKind::iid}, {"two_label", ShardKind::two_label}},
             "samples of a card: a part of a random order, or mostly those of two labels",
             H2_AT(federated.shards)),
      number("federated.straggler", {1, 1000000},
             "time of the last card's local training, as a factor", H2_AT(federated.straggler)),
  };
}

}  // namespace h2
