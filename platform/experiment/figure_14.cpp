// SPDX-License-Identifier: Apache-2.0
// Fig. 14: throughput of each engine when one of its dimensions is halved or doubled.

#include <cmath>

#include "platform/experiment/experiment.h"
#include "platform/experiment/one_layer.h"

namespace h2 {
namespace {

constexpr double kDoubled = 1.8;  // from here on throughput is said to have doubled

struct Dimension {
  const char *engine, *key, *title;
  int value;
  bool doubles;  ///< the paper says that doubling it doubles the throughput
};

const Dimension kDimensions[] = {
    {"forward", "rows", "Forward Engine rows", 64, false},
    {"forward", "cols", "Forward Engine columns", 16, false},
    {"forward", "parallelism", "Forward Engine parallelism", 4, false},
    {"weight_update", "rows", "Weight Update Engine rows", 10, false},
    {"weight_update", "cols", "Weight Update Engine columns", 128, true},
    {"weight_update", "parallelism", "Weight Update Engine parallelism", 4, true},
    {"backward", "rows", "Backward Engine rows", 16, false},
    {"backward", "cols", "Backward Engine columns", 64, true},
    {"backward", "group", "Backward Engine group", 4, false}};

constexpr std::uint64_t kBuffers[] = {515072, 2748416, 4956672};

std::uint64_t buffer_of(const std::string& engine) {
  return kBuffers[engine == "forward" ? 0 : engine == "weight_update" ? 1 : 2];
}

/// The dimension at `value`; a doubled one gets a doubled buffer, as paper IV-C asks for.
RunRequest request(const Dimension& d, int value) {
  const std::string engine = d.engine;
  std::vector<Override> sets{{"engines." + engine + "." + d.key, std::to_string(value)}};
  if (value > d.value) {
    sets.push_back({"glb." + engine + ".bytes", std::to_string(2 * buffer_of(engine))});
  }
  return one_layer(sets);
}

double working_share(const RunOutcome& base, const std::string& engine) {
  const auto job = job_of(base, engine);
  return job.is_null() ? 0 : job["compute_cycles"].get<double>() / job["cycles"].get<double>();
}

std::string shown(double ratio) {
  return std::isnan(ratio) ? "does not fit" : text_of("%.2f", ratio);
}

/// `works`: share of the whole array's job in which the array works.
Claim halved_claim(const Dimension& d, double ratio, double works) {
  const bool holds = std::abs(ratio / 0.5 - 1) <= kCycleTolerance;
  const bool group = std::string(d.key) == "group";
  const std::string why =
      group ? "PEs of a group share the outputs of a tile and wait for the longest of them"
            : text_of(
                  "the whole array works %.0f %% of its job, the rest waits for memory and does "
                  "not double",
                  100 * works);
  return {std::string(d.title) + ", halved",
          "0.50",
          shown(ratio),
          ratio / 0.5,
          label(holds),
          holds ? "" : why};
}

Claim doubled_claim(const Dimension& d, double ratio) {
  const bool doubled = ratio > kDoubled;
  const bool holds = !std::isnan(ratio) && doubled == d.doubles;
  const char* note = holds ? "" : d.doubles ? "memory bandwidth limits it" : "scales on";
  return {std::string(d.title) + ", doubled",
          d.doubles ? "2.00" : "below 2",
          shown(ratio),
          d.doubles ? std::optional<double>(ratio / 2) : std::nullopt,
          label(holds),
          note};
}

}  // namespace

ExperimentResult figure_14(const RunAll& runs) {
  ExperimentResult r{"fig14", "Fig. 14: arrays halved and doubled", {}, {}, {}, {}};
  r.assumptions = {
      "Convolution 256 -> 512 at 14x14, T = 10, four samples, 75 % zeros, HBM2, one "
      "engine at a time; the paper's own layer is not known.",
      "With a doubled dimension the engine's buffer is doubled, memory bandwidth is "
      "not.",
      "The paper's nine statements: every dimension halved halves the throughput; doubled it is "
      "limited by bandwidth, but for columns and parallelism of the Weight Update Engine and "
      "columns of the Backward Engine.",
      "Asked: halved within 10 % of a half; doubled above 1.8, or at most 1.8 where limited."};
  std::vector<RunRequest> requests{one_layer({})};
  for (const Dimension& d : kDimensions) {
    requests.push_back(request(d, d.value / 2));
    requests.push_back(request(d, 2 * d.value));
  }
  const std::vector<RunOutcome> outcomes = runs(requests);
  Plot plot{"fig14", "Throughput of the layer's job",   "dimension", "over the paper's array",
            {},      {{"halved", {}}, {"doubled", {}}}, true};
  for (std::size_t i = 0; i < std::size(kDimensions); ++i) {
    const Dimension& d = kDimensions[i];
    const double base = cycles_of(outcomes[0], d.engine);
    const double halved = base / cycles_of(outcomes[1 + 2 * i], d.engine);
    const double doubled = base / cycles_of(outcomes[2 + 2 * i], d.engine);
    r.claims.push_back(halved_claim(d, halved, working_share(outcomes[0], d.engine)));
    r.claims.push_back(doubled_claim(d, doubled));
    plot.x.emplace_back(std::string(d.engine) + " " + d.key);
    plot.series[0].values.push_back(halved);
    plot.series[1].values.push_back(doubled);
  }
  r.plots.push_back(std::move(plot));
  return r;
}

}  // namespace h2
