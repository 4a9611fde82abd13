// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "platform/config/rules.h"

namespace h2 {
namespace {

bool is_power_of_two(int value) { return (value & (value - 1)) == 0; }

/// Cards that share batch groups.
void check_parts(const Config& config, const Rules& rules) {
  const TrainingConfig& t = config.training;
  const int cards = config.cluster.cards;
  rules.require(t.replicas % cards == 0, {"training.replicas", "cluster.cards"},
                "a multiple of the cards, of which each sums the same number of parts");
  if (config.cluster.algorithm == CollectiveAlgorithm::ring) return;
  rules.require(is_power_of_two(t.replicas / cards),
                {"training.replicas", "cluster.cards", "cluster.algorithm"},
                "1, 2, 4, .. times the cards: a card's parts make a partial sum; any multiple with "
                "ring");
}

/// Cards that average their weights.
void check_federated(const Config& config, const Rules& rules) {
  const TrainingConfig& t = config.training;
  const std::string with = "federated.local_epochs";
  rules.require(t.epochs % config.federated.local_epochs == 0, {"training.epochs", with},
                "a multiple of the local epochs, rounds of which the training consists");
  rules.require(t.checkpoint.every == 0 || !t.dynamic_loss_scale,
                {"training.checkpoint.every", with, "training.loss_scale"},
                "0, or a loss scale that is a number: a checkpoint holds one for all cards");
  rules.require(t.schedule.kind == ScheduleKind::constant, {"training.schedule.kind", with},
                "constant: optimisers start anew in every round");
  rules.require(t.schedule.warmup == 0, {"training.schedule.warmup", with},
                "0: optimisers start anew in every round");
}

}  // namespace

void check_cluster(const Config& config, const Rules& rules) {
  const TrainingConfig& t = config.training;
  const bool several =
      config.accelerator == AcceleratorKind::h2learn || config.accelerator == AcceleratorKind::sata;
  rules.require(several || config.cluster.cards == 1, {"cluster.cards", "accelerator"},
                "1 unless the cards are h2learn or sata");
  const bool by_host = config.accelerator == AcceleratorKind::spinaps;
  rules.require(!by_host || t.replicas == 1, {"training.replicas", "accelerator"},
                "1: the host trains it sample by sample");
  rules.require(!by_host || !config.federated.enabled(), {"federated.local_epochs", "accelerator"},
                "0: the host trains it");
  rules.require(t.replicas <= t.batch_group, {"training.replicas", "training.batch_group"},
                "1 to the sub-batches of a group");
  rules.require(t.replicas == 1 || t.update_time != UpdateTime::fused,
                {"training.update", "training.replicas"},
                "auto or separate with several parts: the update needs their sum");
  rules.require(config.cluster.algorithm != CollectiveAlgorithm::halving ||
                    is_power_of_two(config.cluster.cards),
                {"cluster.cards", "cluster.algorithm"}, "1, 2, 4, .. with halving");
  if (config.federated.enabled()) return check_federated(config, rules);
  check_parts(config, rules);
}

}  // namespace h2
