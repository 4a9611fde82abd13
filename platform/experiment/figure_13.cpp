// SPDX-License-Identifier: Apache-2.0
// Fig. 13: energy and speed of the Backward Engine by what it skips, and over the square of
// densities.

#include <cmath>

#include "platform/experiment/experiment.h"
#include "platform/experiment/one_layer.h"

namespace h2 {
namespace {

const char* const kModes[] = {"none", "input", "output", "both"};
const char* const kDensities[] = {"0.05", "0.25", "0.5", "0.75", "1"};

struct Cost {
  double cycles = std::nan(""), compute = std::nan(""), joules = std::nan(""),
         leakage = std::nan("");
};

Cost cost_of(const RunOutcome& outcome) {
  const auto job = job_of(outcome, "backward");
  Cost cost;
  if (job.is_null()) return cost;
  cost.cycles = job["cycles"].get<double>();
  cost.compute = job["compute_cycles"].get<double>();
  cost.leakage =
      outcome.summary["energy"]["leakage_w"]["backward"].get<double>() * cost.cycles / 800e6;
  cost.joules = job["energy_j"].get<double>() + cost.leakage;
  return cost;
}

std::vector<RunRequest> mode_requests(const char* memory) {
  std::vector<RunRequest> all;
  for (const char* mode : kModes) {
    all.push_back(one_layer({{"engines.backward.sparsity", mode}, {"memory.preset", memory}}));
  }
  return all;
}

void add_modes(ExperimentResult& r, const std::vector<RunOutcome>& outcomes) {
  TextTable table{"Backward Engine at 75 % zeros in both, public28",
                  {"zeros skipped", "cycles of the job", "of the array", "energy, mJ",
                   "of it leakage, mJ", "speed", "energy saving"},
                  {}};
  Plot plot{"fig13_modes",
            "Backward Engine, 75 % zeros in masks and gradients",
            "zeros skipped",
            "over the dense engine",
            {},
            {{"speed", {}}, {"energy saving", {}}},
            true};
  const Cost dense = cost_of(outcomes[0]);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Cost c = cost_of(outcomes[i]);
    table.rows.push_back({kModes[i], text_of("%.0f", c.cycles), text_of("%.0f", c.compute),
                          text_of("%.3f", c.joules * 1e3), text_of("%.3f", c.leakage * 1e3),
                          text_of("%.2f", dense.cycles / c.cycles),
                          text_of("%.2f", dense.joules / c.joules)});
    plot.x.emplace_back(kModes[i]);
    plot.series[0].values.push_back(dense.cycles / c.cycles);
    plot.series[1].values.push_back(dense.joules / c.joules);
  }
  const Cost both = cost_of(outcomes[3]);
  r.claims.push_back(claim_within(
      "speed of the array, dual sparsity", 5.19, "%.2f", dense.compute / both.compute,
      kCycleTolerance, "compute cycles, from the masks: PEs of a tile wait for the longest"));
  const double speed = dense.cycles / both.cycles;
  r.claims.push_back(claim_within("speed of the job, dual sparsity", 5.19, "%.2f", speed,
                                  kCycleTolerance,
                                  "with HBM2: grad-u is read again for every 64 channels"));
  const double saving = dense.joules / both.joules;
  r.claims.push_back(claim_within("energy saving, dual sparsity", 9.24, "%.2f", saving,
                                  kCostTolerance,
                                  "public28, leakage over the job's time included"));
  r.claims.push_back({"leakage in the energy of the sparse design", "a huge amount",
                      text_of("%.0f %%", both.leakage / both.joules * 100), std::nullopt,
                      label(both.leakage > 0.25 * both.joules),
                      "asked: above a quarter; mostly the global buffer's"});
  r.tables.push_back(std::move(table));
  r.plots.push_back(std::move(plot));
}

void add_ideal(ExperimentResult& r, const std::vector<RunOutcome>& outcomes) {
  const Cost dense = cost_of(outcomes[0]), both = cost_of(outcomes[3]);
  r.claims.push_back(claim_within("the same with ideal memories of 128 GB/s: speed of the job",
                                  5.19, "%.2f", dense.cycles / both.cycles, kCycleTolerance,
                                  "no rows, refresh or turnaround"));
  r.claims.push_back(claim_within("the same with ideal memories of 128 GB/s: energy saving", 9.24,
                                  "%.2f", dense.joules / both.joules, kCostTolerance, "public28"));
}

/// A number of the dense engine over that of the sparse one, over the square: as a table and a
/// plot.
void add_square(ExperimentResult& r, const std::vector<RunOutcome>& outcomes, const char* name,
                const std::string& what, double Cost::*number) {
  const Cost dense = cost_of(outcomes[0]);
  TextTable table{what + " over the dense engine's: rows mask density, columns density of grad-u",
                  {"mask"},
                  {}};
  Plot plot{name,
            what + " over the square of densities",
            "density of grad-u",
            "over the dense engine",
            {},
            {},
            false};
  for (const char* gradient : kDensities) {
    table.head.emplace_back(gradient);
    plot.x.emplace_back(gradient);
  }
  for (std::size_t m = 0; m < std::size(kDensities); ++m) {
    std::vector<std::string> row{kDensities[m]};
    Series series{std::string("mask ") + kDensities[m], {}};
    for (std::size_t g = 0; g < std::size(kDensities); ++g) {
      const Cost c = cost_of(outcomes[1 + m * std::size(kDensities) + g]);
      row.push_back(text_of("%.2f", dense.*number / c.*number));
      series.values.push_back(dense.*number / c.*number);
    }
    table.rows.push_back(std::move(row));
    plot.series.push_back(std::move(series));
  }
  r.tables.push_back(std::move(table));
  r.plots.push_back(std::move(plot));
}

void add_squares(ExperimentResult& r, const RunAll& runs) {
  std::vector<RunRequest> requests{one_layer({{"engines.backward.sparsity", "none"}})};
  for (const char* mask : kDensities) {
    for (const char* gradient : kDensities) {
      requests.push_back(
          one_layer({{"profile.mask_density", mask}, {"profile.gradient_density", gradient}}));
    }
  }
  const std::vector<RunOutcome> outcomes = runs(requests);
  add_square(r, outcomes, "fig13_square", "Speed of the array", &Cost::compute);
  add_square(r, outcomes, "fig13_energy_square", "Energy saving of the job", &Cost::joules);
}

}  // namespace

ExperimentResult figure_13(const RunAll& runs) {
  ExperimentResult r{"fig13", "Fig. 13: sparsity of the Backward Engine", {}, {}, {}, {}};
  r.assumptions = {
      "Convolution 256 -> 512 at 14x14, T = 10, four samples; masks drawn neuron by "
      "neuron from the density.",
      "The dense engine has no finders, and skips nothing but stuffed zeros.",
      "Asked: speed within 10 %, energy within 20 %.",
      "Squares: 25 pairs of densities, of which the paper's 75 % of zeros in both is one."};
  add_modes(r, runs(mode_requests("hbm2")));
  add_ideal(r, runs(mode_requests("ideal")));
  add_squares(r, runs);
  return r;
}

}  // namespace h2
