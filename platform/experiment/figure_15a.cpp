// SPDX-License-Identifier: Apache-2.0
// Fig. 15(a): SpinalFlow beside the Forward Engine, on the same spikes.

#include <string>

#include "platform/experiment/experiment.h"
#include "platform/experiment/two_machines.h"

namespace h2 {
namespace {

const std::vector<std::string> kConvolutions{"conv2", "conv3", "conv4", "conv5", "conv6"};
const char* const kSpikeDensities[] = {"0.02", "0.05", "0.1", "0.15"};

RunRequest forward_request(const char* pool) {
  return {"cifar10.yaml",
          {{"network.pool", pool},
           {"training.batch_group", "1"},
           {"profile.sub_batches", "1"},
           {"pipeline.overlap", "false"}},
          "profile"};
}

RunRequest spinalflow_request(const char* density, bool first_spikes) {
  return {"cifar10.yaml",
          spinalflow_sets({{"training.sub_batch", "1"},
                           {"profile.sub_batches", "1"},
                           {"profile.spike_density", density},
                           {"spinalflow.one_spike", first_spikes ? "true" : "false"}}),
          "profile"};
}

std::string wins(double ratio) { return ratio < 1 ? "SpinalFlow" : "Forward Engine"; }

std::vector<std::string> ratio_row(const std::string& spikes, const EngineRun& s,
                                   const EngineRun& f) {
  const MachineRatio r = ratio_of(s, f);
  return {spikes,
          text_of("%.3f", s.density()),
          text_of("%.0f", s.busy),
          text_of("%.0f", s.cycles),
          text_of("%.1f", r.units),
          text_of("%.2f", r.area_published),
          text_of("%.2f", r.area_counted),
          text_of("%.2f", r.energy_published),
          text_of("%.2f", r.energy_events),
          text_of("%.2f", r.energy_counted),
          wins(r.energy_published) + ", " + wins(r.energy_events) + ", " + wins(r.energy_counted)};
}

TextTable ratio_table(const std::string& title) {
  return {
      title,
      {"spikes", "MACs done of dense", "rows", "cycles at 200 MHz", "units for equal throughput",
       "their area, published", "their area, counted", "energy, whole units", "energy, events",
       "energy, events and leakage", "less energy (by whole units, events, with leakage)"},
      {}};
}

/// The worked example: rows of SpinalFlow and cycles of the Forward Engine for one sample.
void add_worked_numbers(ExperimentResult& r, const EngineRun& s, const EngineRun& before,
                        const EngineRun& behind) {
  constexpr double kRows = 5516160;  // tiles x windows x channels x T x density, borders counted
  r.claims.push_back(claim("rows of a sample, conv2 to conv6, density .15", kRows, "%.0f", s.busy,
                           Evidence::mechanism,
                           "left: from the shapes; right: from the drawn spikes, one cycle each"));
  r.claims.push_back({"cycles of a sample on the Forward Engine", "-",
                      text_of("%.0f with AP2 on potentials", before.busy) +
                          text_of(", %.0f with bit planes behind AP2 on spikes", behind.busy),
                      std::nullopt, Evidence::mechanism,
                      "SpinalFlow cannot take bit planes: everything below is with AP2 on "
                      "potentials"});
  const double stalls = (s.cycles - s.busy) / s.cycles;
  r.claims.push_back({"SpinalFlow's waits, density .15", "-", text_of("%.1f %%", 100 * stalls),
                      std::nullopt, Evidence::mechanism,
                      "mostly weights, loaded once per tile and part"});
}

void add_paper_claims(ExperimentResult& r, const MachineRatio& ratio) {
  const auto direction = [&](const char* what, double published, double counted,
                             const char* counted_how) {
    r.claims.push_back(
        {what, "larger on SpinalFlow (bars without numbers)",
         text_of("%.1fx by whole units", published) + text_of(", %.1fx ", counted) + counted_how,
         std::nullopt, published > 1 && counted > 1 ? Evidence::mechanism : Evidence::refuted,
         "density .15, conv2 to conv6, equal throughput"});
  };
  direction("area, SpinalFlow / Forward Engine", ratio.area_published, ratio.area_counted,
            "by parts");
  direction("energy per inference, SpinalFlow / Forward Engine", ratio.energy_published,
            ratio.energy_events, "by events");
}

void add_crossover(ExperimentResult& r, const char* what, const std::vector<double>& densities,
                   const std::vector<double>& ratios, const char* note) {
  r.claims.push_back({std::string("SpinalFlow takes less energy below a density of, ") + what, "-",
                      text_of("%.3f", where_one(densities, ratios)), std::nullopt,
                      Evidence::mechanism, note});
}

void add_drawn(ExperimentResult& r, const RunAll& runs, const EngineRun& forward,
               const EngineRun& planes) {
  std::vector<RunRequest> requests;
  for (const char* density : kSpikeDensities) {
    requests.push_back(spinalflow_request(density, false));
    requests.push_back(spinalflow_request(density, true));
  }
  const std::vector<RunOutcome> outcomes = runs(requests);
  TextTable table = ratio_table(
      "Drawn spikes, CIFAR10, conv2 to conv6 of one sample: SpinalFlow "
      "over Forward Engine");
  Plot plot{"fig15a",
            "Energy per inference, SpinalFlow over Forward Engine, CIFAR10",
            "density of spikes",
            "SpinalFlow / Forward Engine",
            {},
            {{"whole units", {}}, {"events", {}}, {"events and leakage", {}}},
            false};
  std::vector<double> densities, published, events, counted, first;
  EngineRun last;
  for (std::size_t i = 0; i < outcomes.size(); i += 2) {
    const char* const density = kSpikeDensities[i / 2];
    const EngineRun every = engine_run(outcomes[i], "spinalflow", kConvolutions),
                    once = engine_run(outcomes[i + 1], "spinalflow", kConvolutions);
    table.rows.push_back(ratio_row(std::string("rate, ") + density, every, forward));
    table.rows.push_back(ratio_row(std::string("first of ") + density, once, forward));
    const MachineRatio ratio = ratio_of(every, forward);
    densities.push_back(std::stod(density));
    plot.x.emplace_back(density);
    plot.series[0].values.push_back(ratio.energy_published);
    plot.series[1].values.push_back(ratio.energy_events);
    plot.series[2].values.push_back(ratio.energy_counted);
    first.push_back(once.joules / every.joules);
    last = every;
  }
  add_worked_numbers(r, last, forward, planes);
  add_paper_claims(r, ratio_of(last, forward));
  add_crossover(r, "by whole units", densities, plot.series[0].values,
                "162 mW (unverified) against the Forward Engine's share of 20.57 W by area");
  add_crossover(r, "by events", densities, plot.series[1].values,
                "events and clock of both at public28, without leakage");
  add_crossover(r, "by events and leakage", densities, plot.series[2].values,
                "leakage of 576 KB of SRAM over the time of one unit");
  r.claims.push_back({"first-spike code: energy by events, of that of all spikes, density .15", "-",
                      text_of("%.2f", first.back()), std::nullopt, Evidence::mechanism,
                      "the first spike of a neuron in T = 10 alone; the Forward Engine's tables "
                      "take the same time and energy for both"});
  r.tables.push_back(std::move(table));
  r.plots.push_back(std::move(plot));
}

/// A network on H2Learn and on SpinalFlow, from pixels as spikes to the last layer.
struct Trained {
  const char *title, *coding;
  bool one_spike;  ///< on SpinalFlow: neurons fire once, too
};
constexpr Trained kTrained[] = {
    {"spikes at a pixel's rate", "rate", false},
    {"one spike per pixel", "first_spike", false},
    {"one spike per pixel and neuron", "first_spike", true},
};

std::vector<Override> network_of(const Trained& t) {
  return {{"network.layers", "16C3-AP2-32C3-AP2-64FC-10FC"},
          {"network.pool", "before_soma"},
          {"network.timesteps", "8"},
          {"dataset.kind", "digits"},
          {"dataset.coding", t.coding},
          {"dataset.train_limit", "4000"},
          {"dataset.test_limit", "500"},
          {"training.sub_batch", "4"},
          {"training.batch_group", "4"},
          {"trace.vcd.enable", "false"}};
}

void add_trained(ExperimentResult& r, const RunAll& runs) {
  std::vector<RunRequest> trainings, inferences;
  for (const Trained& t : kTrained)
    trainings.push_back({"quickstart.yaml", network_of(t), "train"});
  const std::vector<RunOutcome> trained = runs(trainings);
  for (std::size_t i = 0; i < trained.size(); ++i) {
    std::vector<Override> sets = network_of(kTrained[i]);
    sets.push_back({"spinalflow.one_spike", kTrained[i].one_spike ? "true" : "false"});
    inferences.push_back({"quickstart.yaml",
                          spinalflow_sets(sets),
                          "infer-spikes",
                          {{"weights", trained[i].folder + "/weights"}}});
  }
  const std::vector<RunOutcome> inferred = runs(inferences);
  TextTable table = ratio_table(
      "A network trained here (generated digits, 16C3-AP2-32C3-AP2-64FC-"
      "10FC, T = 8), all layers, mean of the test samples");
  const std::vector<std::string> layers{"conv1", "conv2", "fc1", "fc2"};
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const EngineRun s = engine_run(inferred[i], "spinalflow", layers),
                    f = engine_run(trained[i], "forward", layers);
    table.rows.push_back(ratio_row(kTrained[i].title, s, f));
    const MachineRatio ratio = ratio_of(s, f);
    const double before = trained[i].summary["result"]["test_accuracy"].get<double>(),
                 after = inferred[i].summary["inference"]["accuracy"].get<double>();
    r.claims.push_back({std::string("trained here, ") + kTrained[i].title +
                            ": energy, SpinalFlow / Forward Engine",
                        "-",
                        text_of("%.2f by whole units", ratio.energy_published) +
                            text_of(", %.2f by events", ratio.energy_events) +
                            text_of(", %.2f with leakage", ratio.energy_counted),
                        std::nullopt, Evidence::mechanism,
                        text_of("density %.3f", s.density()) +
                            text_of("; accuracy %.1f %% on H2Learn", 100 * before) +
                            text_of(", %.1f %% with weights of 8 bits", 100 * after)});
  }
  r.tables.push_back(std::move(table));
}

}  // namespace

ExperimentResult figure_15a(const RunAll& runs) {
  ExperimentResult r{"fig15a", "Fig. 15(a): SpinalFlow beside the Forward Engine", {}, {}, {}, {}};
  r.assumptions = {
      "SpinalFlow as published by others: 128 lanes at 200 MHz, 576 KB of weights; one DDR channel "
      "of 32 GB/s; the Forward Engine with HBM2. Energy and area without external memories.",
      "Whole units: 162 mW and 2.09 mm2 (tables of later papers, unverified), 21.61 mm2 and by "
      "area a share of 20.57 W (Tables VII and VIII). Counted: events and parts of both machines "
      "at the same public prices (public28). Ratios mean something, joules do not.",
      "The same spikes on both: drawn neuron by neuron, or those of a network trained here. The "
      "Forward Engine's tables take the same time for any spikes.",
      "The paper does not say whether its bars are per area, per inference or at equal "
      "throughput: all three are printed."};
  const std::vector<RunOutcome> forward =
      runs({forward_request("before_soma"), forward_request("after_soma")});
  add_drawn(r, runs, engine_run(forward[0], "forward", kConvolutions),
            engine_run(forward[1], "forward", kConvolutions));
  add_trained(r, runs);
  add_dense_machine(r, runs, kConvolutions);
  return r;
}

}  // namespace h2
