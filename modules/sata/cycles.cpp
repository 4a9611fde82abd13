// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/cycles.h"

#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

std::uint64_t area(int height, int width) {
  return static_cast<std::uint64_t>(height) * static_cast<std::uint64_t>(width);
}

std::uint64_t window(int channels, const Layer& layer) {
  return static_cast<std::uint64_t>(channels) * static_cast<std::uint64_t>(layer.taps());
}

/// whole * end / pieces, in steps that keep every product in 64 bits.
std::uint64_t part(std::uint64_t whole, std::uint64_t end, std::uint64_t pieces) {
  for (; pieces >> 32 != 0; pieces >>= 1) end >>= 1;
  return whole / pieces * end + whole % pieces * end / pieces;
}

}  // namespace

std::uint64_t sata_step_cycles(const SataSpec& array, std::uint64_t outputs,
                               std::uint64_t positions, std::uint64_t window) {
  return ceil_div(positions, array.rows) * ceil_div(outputs, array.cols) *
             (window + array.rows + array.cols - 2) -
         1;
}

std::uint64_t sata_filter_cycles(const SataSpec& array, std::uint64_t outputs,
                                 std::uint64_t positions, std::uint64_t window) {
  return (ceil_div(window, array.rows) * ceil_div(outputs, array.cols) - 1) *
             (2 * static_cast<std::uint64_t>(array.rows) + array.cols - 2 + positions) +
         array.rows - 1;
}

Cycles sata_forward_cycles(const SataSpec& array, const Layer& layer, int batch, int steps) {
  const std::uint64_t positions = area(layer.out_h, layer.out_w);
  const std::uint64_t taps = window(layer.cin_star(), layer), outputs = layer.cout;
  Cycles cycles;
  cycles.array = area(batch, steps) * sata_step_cycles(array, outputs, positions, taps);
  cycles.fill = sata_filter_cycles(array, outputs, positions, taps);
  return cycles;
}

Cycles sata_backward_cycles(const SataSpec& array, const Layer& above, int batch, int steps) {
  const std::uint64_t positions = area(above.in_h, above.in_w);
  const std::uint64_t taps = window(above.cout, above), outputs = above.cin;
  Cycles cycles;
  cycles.array = area(batch, steps) * sata_step_cycles(array, outputs, positions, taps);
  cycles.fill = sata_filter_cycles(array, outputs, positions, taps);
  return cycles;
}

Cycles sata_weight_gradient_cycles(const SataSpec& array, const Layer& layer, int batch,
                                   int steps) {
  const std::uint64_t depth = area(layer.out_h, layer.out_w) * steps;
  const std::uint64_t rows = window(layer.cin_star(), layer), outputs = layer.cout;
  Cycles cycles;
  cycles.array = batch * (ceil_div(rows, array.rows) * ceil_div(outputs, array.cols) *
                              (depth + array.rows + array.cols - 2) -
                          1);
  return cycles;
}

Cycles sata_unit_cycles(const SataSpec& array, std::uint64_t count) {
  Cycles cycles;
  cycles.array = ceil_div(count, array.pes());
  return cycles;
}

Cycles share_of(const Cycles& whole, std::uint64_t begin, std::uint64_t end, std::uint64_t pieces) {
  const auto share = [&](std::uint64_t cycles) {
    return part(cycles, end, pieces) - part(cycles, begin, pieces);
  };
  return {share(whole.array), share(whole.fill), share(whole.drain)};
}

}  // namespace h2
