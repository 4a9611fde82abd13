// SPDX-License-Identifier: Apache-2.0
// Several cards: weak and strong scaling from one card's profile and the formulas of collectives.

#include "modules/cluster/scaling.h"

#include <string>
#include <utility>

#include "platform/experiment/experiment.h"
#include "platform/experiment/networks.h"

namespace h2 {
namespace {

constexpr int kMostCards = 1024;
constexpr int kWeakGroup = 8, kStrongGroup = 1024;  // sub-batches of a card; of all

const std::pair<CollectiveAlgorithm, const char*> kAlgorithms[] = {
    {CollectiveAlgorithm::ring, "ring"},
    {CollectiveAlgorithm::tree, "tree"},
    {CollectiveAlgorithm::halving, "halving"}};

CardProfile profile_of(const RunOutcome& outcome) {
  const auto& time = outcome.summary["time"];
  const double hertz = outcome.config.machine.clock_mhz * 1e6;
  const double all = time["cycles_per_sub_batch"].get<double>();
  const double once =
      time["breakdown"]["group_fill"].get<double>() + time["breakdown"]["update"].get<double>();
  CardProfile card;
  card.sub_batch_s = (all - once) / hertz;
  card.group_s = once * outcome.config.training.batch_group / hertz;
  for (const Layer& l : outcome.config.network.layers) card.values += l.weight_count();
  const auto& memories = outcome.summary["memory"];
  card.memory_gbps = memories.back()["peak_gbps"].get<double>();
  return card;
}

std::vector<std::string> row_of(const ScalingPoint& p) {
  return {std::to_string(p.cards),
          text_of("%.6g", p.sub_batches),
          text_of("%.4f", p.compute_s * 1e3),
          text_of("%.4f", p.link_s * 1e3),
          text_of("%.4f", p.memory_s * 1e3),
          text_of("%.3f", p.efficiency)};
}

/// Efficiencies of all algorithms as a plot, and the times of the configured one as a table.
void add(ExperimentResult& r, const PaperNetwork& network, const RunOutcome& outcome, bool weak) {
  const CardProfile card = profile_of(outcome);
  const auto points = [&](const ClusterSpec& spec) {
    return weak ? weak_scaling(card, spec, kWeakGroup, kMostCards)
                : strong_scaling(card, spec, kStrongGroup, kMostCards);
  };
  const std::string kind = weak ? "weak" : "strong";
  const std::string group = weak ? std::to_string(kWeakGroup) + " sub-batches on each card"
                                 : std::to_string(kStrongGroup) + " sub-batches on all cards";
  Plot plot{"scaling_" + kind + "_" + outcome.config.name,
            std::string(network.title) + ", " + group,
            "cards",
            "efficiency",
            {},
            {},
            false};
  for (const auto& [algorithm, name] : kAlgorithms) {
    ClusterSpec spec = outcome.config.cluster;
    spec.algorithm = algorithm;
    Series series{name, {}};
    plot.x.clear();
    for (const ScalingPoint& p : points(spec)) {
      plot.x.push_back(std::to_string(p.cards));
      series.values.push_back(p.efficiency);
    }
    plot.series.push_back(std::move(series));
  }
  r.plots.push_back(std::move(plot));
  TextTable table{
      std::string(network.title) + ", " + kind + " scaling: " + group +
          ", the configured algorithm",
      {"cards", "sub-batches each", "computing, ms", "links, ms", "Mem2, ms", "efficiency"},
      {}};
  for (const ScalingPoint& p : points(outcome.config.cluster)) table.rows.push_back(row_of(p));
  r.tables.push_back(std::move(table));
}

double link_ms(const ClusterSpec& base, CollectiveAlgorithm algorithm, std::uint64_t values) {
  ClusterSpec spec = base;
  spec.algorithm = algorithm;
  spec.cards = 4;
  return static_cast<double>(Collective(spec).cost({values, 1}, 128).link_ps) * 1e-9;
}

}  // namespace

ExperimentResult scaling(const RunAll& runs) {
  ExperimentResult r{"scaling", "Several cards: weak and strong scaling", {}, {}, {}, {}};
  r.assumptions = {
      "One card is simulated, for two batch groups with a separate update. Every card takes the "
      "time "
      "of its share of that profile: its sub-batches, and once per group the first fill of the "
      "pipeline and the update. A group has one part on each card.",
      "Links and Mem2 by the formulas of modules/cluster/CLUSTER.md: keys cluster.*, by default a "
      "switch, 12.5 GB/s and 1 us, which are assumed. Computing and links do not overlap."};
  const std::vector<PaperNetwork>& networks = paper_networks();
  std::vector<RunRequest> requests;
  for (std::size_t i = 0; i < 2; ++i) {
    requests.push_back({networks[i].config, {{"training.update", "separate"}}, "profile"});
  }
  const std::vector<RunOutcome> outcomes = runs(requests);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].refused.empty()) continue;
    add(r, networks[i], outcomes[i], true);
    add(r, networks[i], outcomes[i], false);
  }
  const ClusterSpec& base = outcomes.front().config.cluster;
  const std::uint64_t values = profile_of(outcomes.front()).values;
  for (const auto& [algorithm, name] : kAlgorithms) {
    const double ms = link_ms(base, algorithm, values);
    r.claims.push_back({std::string("MNIST gradients on four cards, ") + name, "no figure",
                        text_of("%.3f ms on links", ms), std::nullopt, Evidence::mechanism,
                        "the formula with assumed links"});
  }
  return r;
}

}  // namespace h2
