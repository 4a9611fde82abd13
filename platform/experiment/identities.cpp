// SPDX-License-Identifier: Apache-2.0
// Tables VII and VIII: what follows from the configuration alone.

#include "modules/h2learn/peak.h"
#include "platform/experiment/experiment.h"

namespace h2 {
namespace {

constexpr double kKilobyte = 1024;
constexpr double kExact = 0.002;  // of an identity: figures are printed with three digits

/// KB of tiles of FP16 values or bits with so many channels, T = 10, eight tiles in flight.
double tiles_kb(double channels, double side, double bits) {
  constexpr double kSteps = 10, kTilesInFlight = 8;
  return channels * side * side * kSteps * kTilesInFlight * bits / 8 / kKilobyte;
}
double weights_kb(double inputs, double outputs) { return inputs * outputs * 9 * 2 / kKilobyte; }

double forward_kb(const Machine& m) {
  const ForwardSpec& a = m.forward;
  const double side = m.tile.width, halo = side + 2;
  return 2 * (tiles_kb(a.rows, halo, 1) + tiles_kb(a.cols, side, 16) +
              2 * tiles_kb(a.cols, side, 1)) +
         weights_kb(a.rows, a.cols);
}

double weight_update_kb(const Machine& m) {
  const double columns = m.weight_update.cols, side = m.tile.width, inputs = 256;
  const double gradients = tiles_kb(columns, side, 16) / 2,
               spikes = tiles_kb(inputs, side + 2, 1) / 2;
  return 2 * (gradients + spikes + weights_kb(inputs, columns));
}

double backward_kb(const Machine& m) {
  const double rows = m.backward.rows, columns = m.backward.cols, side = m.tile.width;
  const double map = tiles_kb(columns, side, 16), bits = tiles_kb(columns, side, 1);
  return tiles_kb(rows, side + 2, 16) + 10 + 3 * map + 4 * map + 2 * bits +
         weights_kb(rows, columns);
}

}  // namespace

ExperimentResult tables_7_and_8(const RunAll& /*runs*/) {
  const Machine m;
  ExperimentResult r{"tables", "Tables VII and VIII", {}, {}, {}, {}};
  r.assumptions = {"Clock 800 MHz; a multiply-accumulate counts as two operations.",
                   "Buffer sums: tiles of 8x8 with a halo of one, T = 10, eight tiles in flight "
                   "(four in the Weight Update Engine), KB = 1024 B.",
                   "Asked: within 0.2 %."};
  const auto add = [&](const char* what, double paper, const char* format, double value,
                       const char* note) {
    r.claims.push_back(
        claim(what, paper, format, value, within(value / paper, kExact, Evidence::identity), note));
  };
  add("throughput, TFLOPS", 27.85, "%.2f", peak_tflops(m),
      "0.8 GHz x (12,288 + 10,240 adders + 2 x 4,096 MAC + 4,096 adders)");
  add("adders without tables, Forward Engine", 36864, "%.0f", spike_operations(m.forward),
      "64 x 16 PEs x 9 x 4 lanes");
  add("adders without tables, Weight Update Engine", 40960, "%.0f",
      spike_operations(m.weight_update), "10 x 128 PEs x 8 x 4 lanes");
  add("Acc adders, Forward Engine", 3072, "%.0f", acc_adders(m.forward), "3 x 64 x 16");
  add("Acc adders, Weight Update Engine", 2560, "%.0f", acc_adders(m.weight_update),
      "2 x 10 x 128");
  add("MAC units, Backward Engine", 4096, "%.0f",
      1.0 * m.backward.rows * m.backward.cols * m.backward.group, "16 x 64 x 4");
  add("global buffer, Forward Engine, KB", 503, "%.1f", forward_kb(m), "exact");
  add("global buffer, Weight Update Engine, KB", 2684, "%.1f", weight_update_kb(m),
      "2 KB are not explained");
  add("global buffer, Backward Engine, KB", 4840.5, "%.1f", backward_kb(m),
      "2.5 KB are not explained");
  add("area, mm2, sum of the engines", 110.46, "%.2f", 21.61 + 22.68 + 66.17, "Table VII");
  add("area saving over the V100", 7.38, "%.2f", 815 / 110.46,
      "815 mm2 in 12 nm against 110.46 mm2 in 28 nm: not the same technology");
  add("memory bandwidth, bytes per core cycle", 160, "%.0f", 128e9 / 800e6,
      "128 GB/s of each of three memories");
  return r;
}

}  // namespace h2
