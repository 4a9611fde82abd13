// SPDX-License-Identifier: Apache-2.0
// Fig. 12: area, energy and throughput of the Forward and the Weight Update Engine by parallelism.

#include <cmath>

#include "platform/experiment/experiment.h"
#include "platform/experiment/one_layer.h"

namespace h2 {
namespace {

const char* const kLanes[] = {"1", "2", "4", "8"};

struct Row {
  std::string name;
  double area = std::nan(""), energy = std::nan(""), throughput = std::nan("");
};

Row row_of(const std::string& name, const RunOutcome& outcome, const std::string& engine) {
  Row row;
  row.name = name;
  const auto job = job_of(outcome, engine);
  if (job.is_null()) return row;
  const double seconds = job["cycles"].get<double>() / 800e6;
  row.area = outcome.summary["area"]["by_engine"][engine].get<double>();
  row.energy = (job["energy_j"].get<double>() +
                outcome.summary["energy"]["leakage_w"][engine].get<double>() * seconds) *
               1e3;
  row.throughput = job["macs"].get<double>() / seconds * 1e-12;
  return row;
}

std::vector<RunRequest> requests(const std::string& engine) {
  std::vector<RunRequest> all{one_layer({{"engines." + engine + ".lut", "false"}})};
  for (const char* lanes : kLanes) {
    all.push_back(one_layer({{"engines." + engine + ".parallelism", lanes}}));
  }
  return all;
}

std::vector<Row> rows_of(const RunAll& runs, const std::string& engine) {
  const std::vector<RunOutcome> outcomes = runs(requests(engine));
  std::vector<Row> rows{row_of("no tables, 4 lanes", outcomes[0], engine)};
  for (std::size_t i = 0; i < std::size(kLanes); ++i) {
    rows.push_back(
        row_of(std::string(kLanes[i]) + (i == 0 ? " lane" : " lanes"), outcomes[i + 1], engine));
  }
  return rows;
}

void add_engine(ExperimentResult& r, const RunAll& runs, const char* engine, const char* title) {
  const std::vector<Row> rows = rows_of(runs, engine);
  TextTable table{std::string(title) + " of the layer, public28",
                  {"design", "area, mm2", "energy of the job, mJ", "throughput, TMAC/s"},
                  {}};
  Plot plot{std::string("fig12_") + engine,
            title,
            "",
            "over the design with 4 lanes",
            {},
            {{"area", {}}, {"energy", {}}, {"throughput", {}}},
            true};
  const Row& chosen = rows[3];
  for (const Row& row : rows) {
    table.rows.push_back({row.name, text_of("%.2f", row.area), text_of("%.3f", row.energy),
                          text_of("%.2f", row.throughput)});
    plot.x.push_back(row.name);
    plot.series[0].values.push_back(row.area / chosen.area);
    plot.series[1].values.push_back(row.energy / chosen.energy);
    plot.series[2].values.push_back(row.throughput / chosen.throughput);
  }
  r.tables.push_back(std::move(table));
  r.plots.push_back(std::move(plot));
  const double halved = rows[2].throughput / chosen.throughput;
  r.claims.push_back({std::string(title) + ": throughput with half the lanes", "about half",
                      text_of("%.2f", halved), std::nullopt, within(halved / 0.5, kCycleTolerance),
                      "asked: within 10 % of a half; job of the layer with HBM2"});
  const double area = rows[0].area / chosen.area, energy = rows[0].energy / chosen.energy;
  r.claims.push_back({std::string(title) + ": whole engine without tables, area and energy",
                      "larger, larger", text_of("%.2fx", area) + ", " + text_of("%.2fx", energy),
                      std::nullopt, label(area > 1 && energy > 1),
                      "asked: both above 1; buffers, leakage and clock included, which tables do "
                      "not save"});
}

}  // namespace

ExperimentResult figure_12(const RunAll& runs) {
  ExperimentResult r{"fig12", "Fig. 12: engines with tables by parallelism", {}, {}, {}, {}};
  r.assumptions = {
      "Convolution 256 -> 512 at 14x14, T = 10, four samples, HBM2.",
      "A sub-batch has four samples: eight lanes of the Forward Engine stay half empty."};
  add_engine(r, runs, "forward", "Forward Engine");
  add_engine(r, runs, "weight_update", "Weight Update Engine");
  return r;
}

}  // namespace h2
