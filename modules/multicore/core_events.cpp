// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/core_events.h"

#include "modules/base/bits.h"

namespace h2 {
namespace {

/// For every input row (column) the output rows whose windows see it.
std::vector<std::uint64_t> seen_by(int kernel, int stride, int pad, int in, int out) {
  std::vector<std::uint64_t> count(in);
  for (int o = 0; o < out; ++o)
    for (int k = 0; k < kernel; ++k) {
      const int i = o * stride - pad + k;
      if (i >= 0 && i < in) ++count[i];
    }
  return count;
}

/// For every output row (column) the taps that lie inside the input.
std::vector<std::uint64_t> taps_inside(int kernel, int stride, int pad, int in, int out) {
  std::vector<std::uint64_t> count(out);
  for (int o = 0; o < out; ++o)
    for (int k = 0; k < kernel; ++k) {
      const int i = o * stride - pad + k;
      count[o] += i >= 0 && i < in ? 1 : 0;
    }
  return count;
}

using Counts = std::vector<std::uint64_t>;

std::uint64_t weighted_ones(const BitMap& bits, int map0, int maps, const Counts& rows,
                            const Counts& columns) {
  std::uint64_t sum = 0;
  for (int map = map0; map < map0 + maps; ++map)
    for (int y = 0; y < bits.height; ++y) {
      std::uint64_t row = 0;
      for (int x = 0; x < bits.width; ++x) {
        std::uint64_t ones = 0;
        const std::uint16_t* words = bits.at(map, y, x);
        for (int w = 0; w < bits.words(); ++w) ones += count_ones(words[w]);
        row += ones * columns[x];
      }
      sum += row * rows[y];
    }
  return sum;
}

Counts rows_inside(const Layer& l) {
  return taps_inside(l.kernel, l.stride, l.pad, l.in_h, l.out_h);
}
Counts columns_inside(const Layer& l) {
  return taps_inside(l.kernel, l.stride, l.pad, l.in_w, l.out_w);
}

}  // namespace

const std::vector<EventKind>& core_events() {
  static const std::vector<EventKind> kinds{
      {"glb_read_bytes", "B", "bytes read from the buffers",
       "results stored and operands streamed"},
      {"glb_write_bytes", "B", "bytes written to the buffers", "operands loaded and results made"},
      {"additions", "1", "weights, or grad-u, added where there is a spike",
       "windows that every set bit of the input takes part in x output channels"},
      {"products", "1", "products of grad-u and weight, with their addition",
       "windows that every grad-u which is not zero takes part in x channels"},
      {"neurons", "1", "potentials that soma units take", "neurons x timesteps x samples"},
      {"potential_gradients", "1", "grad-u that grad units make", "neurons x timesteps x samples"},
      {"weight_updates", "1", "weights that the optimiser changes", "weights of the slice"},
      {"state_updates", "1", "FP32 states that the optimiser changes",
       "weights of the slice x states beside each"},
      {"mail_bytes", "B", "bytes sent to mailboxes of other cores", "messages, once per sender"}};
  return kinds;
}

std::uint64_t driven_sums(const Layer& l, const BitMap& bits, int map0, int maps) {
  return weighted_ones(bits, map0, maps, seen_by(l.kernel, l.stride, l.pad, l.in_h, l.out_h),
                       seen_by(l.kernel, l.stride, l.pad, l.in_w, l.out_w));
}

std::uint64_t driven_back(const Layer& above, const BitMap& nonzero, int map0, int maps) {
  return weighted_ones(nonzero, map0, maps, rows_inside(above), columns_inside(above));
}

std::uint64_t driven_back(const Layer& above, const ValueMap& grad_u) {
  const Counts rows = rows_inside(above), columns = columns_inside(above);
  std::uint64_t sum = 0;
  for (int map = 0; map < grad_u.maps; ++map)
    for (int y = 0; y < grad_u.height; ++y)
      for (int x = 0; x < grad_u.width; ++x) {
        const float* values = grad_u.at(map, y, x);
        std::uint64_t nonzero = 0;
        for (int c = 0; c < grad_u.channels; ++c) nonzero += values[c] != 0.0F ? 1 : 0;
        sum += nonzero * rows[y] * columns[x];
      }
  return sum;
}

std::uint64_t ones_of(const BitMap& bits, int c0, int c1) {
  std::uint64_t sum = 0;
  for (int map = 0; map < bits.maps; ++map)
    for (int y = 0; y < bits.height; ++y)
      for (int x = 0; x < bits.width; ++x) {
        const std::uint16_t* words = bits.at(map, y, x);
        for (int w = c0 / 16; w < ceil_div(c1, 16); ++w) sum += count_ones(words[w]);
      }
  return sum;
}

Cycles lane_cycles(const MulticoreSpec& spec, std::uint64_t begin, std::uint64_t end) {
  const auto lanes = static_cast<std::uint64_t>(spec.lanes);
  Cycles cycles;
  cycles.array = ceil_div(end, lanes) - ceil_div(begin, lanes);
  return cycles;
}

}  // namespace h2
