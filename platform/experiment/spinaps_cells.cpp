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
  /// Energy of reading at which the gain is as wanted, over that of STT-RAM, without leakage.
  double read_ratio_for(double wanted) const {
    const double none = gain(0, 0);
    return (wanted - none) / (gain(0, 1) - none);
  }
  /// As if neurons, buffer and whatever else is not a cell took neither power nor area.
  EventTrace cells_alone() const {
    EventTrace t = *this;
    t.other_joules = t.other_watts = t.other_mm2 = 0;
    return t;
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

namespace {

constexpr double kReadRatios[] = {0.5, 1, 2, 3};

TextTable band_table(const EventTrace& t, const std::string& of) {
  TextTable table{"Gain of STT-RAM (" + text_of("%.0f", t.machine.stt.area_f2) +
                      " F2) over SRAM (" + text_of("%.0f", t.machine.sram.area_f2) +
                      " F2) in operations per second, watt and mm2, " + of +
                      ": leakage of an SRAM cell against the energy of its reading over that of an "
                      "STT-RAM cell",
                  {"leakage, nW"},
                  {}};
  for (const double ratio : kReadRatios) table.head.push_back(text_of("read x %.1f", ratio));
  for (const double leakage : {0.0, 0.1, 0.3, 1.0, 3.0, 17.9}) {
    std::vector<std::string> row{text_of("%.1f", leakage)};
    for (const double ratio : kReadRatios) row.push_back(text_of("%.2f", t.gain(leakage, ratio)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// 21 F2: what the public memory tool's own formula gives for its cell of 54.
TextTable size_table(const EventTrace& whole) {
  TextTable table{"The same gain by the size of an STT-RAM cell, SRAM cells of " +
                      text_of("%.0f", whole.machine.sram.area_f2) +
                      " F2 without leakage, read x 1.0",
                  {"STT-RAM cell, F2", "ratio of cells", "whole machine", "cells alone"},
                  {}};
  for (const double f2 : {21.0, 40.0, 54.0, 80.0, 146.0}) {
    EventTrace t = whole;
    t.machine.stt.area_f2 = f2;
    table.rows.push_back({text_of("%.0f", f2), text_of("%.2f", t.machine.sram.area_f2 / f2),
                          text_of("%.2f", t.gain(0, 1)),
                          text_of("%.2f", t.cells_alone().gain(0, 1))});
  }
  return table;
}

/// Where the gain is the one claimed, one thing changed at a time.
TextTable points_table(const EventTrace& whole) {
  TextTable table{"Where the gain is " + text_of("%.0f", kClaimedGain),
                  {"", "leakage of an SRAM cell, read x 1.0", "energy per bit read, no leakage"},
                  {}};
  const auto row = [&](const char* of, const EventTrace& t) {
    table.rows.push_back({of, text_of("%.2f nW", t.leakage_for(kClaimedGain, 1)),
                          text_of("x %.2f", t.read_ratio_for(kClaimedGain))});
  };
  row("whole machine", whole);
  row("cells alone", whole.cells_alone());
  return table;
}

}  // namespace

void add_cell_band(ExperimentResult& r, const RunOutcome& run) {
  const EventTrace whole = trace_of(run), alone = whole.cells_alone();
  r.tables.push_back(band_table(whole, "whole machine"));
  r.tables.push_back(band_table(alone, "cells alone"));
  r.tables.push_back(size_table(whole));
  r.tables.push_back(points_table(whole));
  r.claims.push_back(
      {"operations per second, watt and mm2 over the same machine with SRAM", "4",
       text_of("%.1f", alone.gain(0, 0.5)) + " (cells alone) or " +
           text_of("%.1f", whole.gain(0, 0.5)) + " (whole machine) and up; 4.0 with " +
           text_of("%.2f", whole.leakage_for(kClaimedGain, 1)) + " nW per SRAM cell",
       std::nullopt, Evidence::fitted,
       "a band: leakage, energies and peripheral circuits are not published; at equal energy per "
       "bit read"});
}

}  // namespace h2
