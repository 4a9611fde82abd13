// SPDX-License-Identifier: Apache-2.0
// SpinAPS: synaptic operations per second, watt and mm2 of the same machine with cells of STT-RAM
// and of SRAM, on one trace of events: a band over what is not published.

#include "platform/experiment/spinaps.h"

namespace h2 {
namespace {

constexpr double kClaimedGain = 4;

/// One inference, apart from the cells: the same whatever they are.
struct EventTrace {
  double seconds = 0, bits_read = 0, cells = 0;
  double other_joules = 0, other_watts = 0, other_mm2 = 0;
  SpinApsMachine machine;

  double cells_mm2(const SpinCell& cell) const {
    const double f_mm = machine.feature_nm * 1e-6;
    return cells * cell.area_f2 * f_mm * f_mm / machine.array_efficiency;
  }
  double watts(double read_pj, double leakage_nw) const {
    return (other_joules + bits_read * read_pj * 1e-12) / seconds + other_watts +
           cells * leakage_nw * 1e-9;
  }
  /// Power times area of SRAM over that of STT-RAM: operations per second are equal.
  double gain(double leakage_nw, double read_ratio) const {
    const double power = watts(machine.stt.read_pj * read_ratio, leakage_nw) /
                         watts(machine.stt.read_pj, machine.stt.leakage_nw);
    return power * (other_mm2 + cells_mm2(machine.sram)) / (other_mm2 + cells_mm2(machine.stt));
  }
  /// Leakage of an SRAM cell at which the gain is as wanted: it grows in proportion.
  double leakage_for(double wanted, double read_ratio) const {
    const double none = gain(0, read_ratio);
    return (wanted - none) / (gain(1, read_ratio) - none);
  }
};

EventTrace trace_of(const RunOutcome& run) {
  const Config& config = run.config;
  EventTrace t;
  SpinApsMachine& m = t.machine;
  m = config.spinaps;
  const Layer& layer = config.network.layers.front();
  if (m.arrays == 0) m.arrays = lay_out(m, layer.cin * m.tau, layer.cout, m.weight_bits).arrays;
  const nlohmann::ordered_json& spent = spinaps_layer(run);
  t.seconds = spent["cycles_total"].get<double>() / (config.machine.clock_mhz * 1e6);
  t.bits_read = spent["executed_macs_total"].get<double>() * m.weight_bits;
  t.cells = static_cast<double>(m.arrays) * m.rows * m.columns;
  t.other_joules = spent["energy_j_total"].get<double>() - t.bits_read * m.stt.read_pj * 1e-12;
  t.other_watts = run.summary["energy"]["leakage_w"]["spinaps"].get<double>() -
                  t.cells * m.stt.leakage_nw * 1e-9;
  t.other_mm2 = run.summary["area"]["total_mm2"].get<double>() - t.cells_mm2(m.stt);
  return t;
}

}  // namespace

const nlohmann::ordered_json& spinaps_layer(const RunOutcome& run) {
  for (const nlohmann::ordered_json& layer : run.summary["layers"]) {
    if (layer["name"] == "fc1") return layer;
  }
  return run.summary["layers"].front();
}

void add_cell_band(ExperimentResult& r, const RunOutcome& run) {
  const EventTrace t = trace_of(run);
  const double ratios[] = {0.5, 1, 2, 3};
  TextTable table{
      "Gain of STT-RAM (" + text_of("%.0f", t.machine.stt.area_f2) + " F2) over SRAM (" +
          text_of("%.0f", t.machine.sram.area_f2) +
          " F2) in operations per second, watt and mm2: leakage of an SRAM cell against "
          "the energy of its reading over that of an STT-RAM cell",
      {"leakage, nW"},
      {}};
  for (const double ratio : ratios) table.head.push_back(text_of("read x %.1f", ratio));
  for (const double leakage : {0.0, 0.1, 0.3, 1.0, 3.0, 17.9}) {
    std::vector<std::string> row{text_of("%.1f", leakage)};
    for (const double ratio : ratios) row.push_back(text_of("%.2f", t.gain(leakage, ratio)));
    table.rows.push_back(std::move(row));
  }
  r.tables.push_back(std::move(table));
  const double leakage = t.leakage_for(kClaimedGain, 1);
  r.claims.push_back(
      {"operations per second, watt and mm2 over the same machine with SRAM", "4",
       text_of("%.1f", t.gain(0, 0.5)) + " and up; 4.0 with " + text_of("%.2f", leakage) +
           " nW per SRAM cell",
       std::nullopt, Evidence::fitted,
       "a band: leakage, energies and peripheral circuits are not published; at equal energy per "
       "bit read"});
}

}  // namespace h2
