// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/base/ceil_div.h"
#include "modules/h2learn/weight_update/fp32_weight_gradient.h"

// Lanes are output channels: each spike adds the gradients of the outputs that read it.

namespace h2 {
namespace {

constexpr int kWord = 16;  // channels in a BitMap word
/// Lanes computed side by side, and the bytes of gradients held at once, near the processor.
constexpr int kBlocks = 2;
constexpr std::size_t kHeldBytes = 64 << 10;

/// Inputs whose sums are transposed at once.
constexpr int kInputs = 16;

}  // namespace

/// Zero rows and columns around the gradients, so that every tap of every input finds some.
int Fp32WeightGradient::margin() const {
  return ceil_div(std::max(layer_.pad, layer_.kernel - 1 - layer_.pad), layer_.stride);
}

/// Rows of gradients that a band holds, margins included.
int Fp32WeightGradient::band_rows(const Band& band) const {
  return ceil_div(band.y1 - band.y0, layer_.stride) + 2 * margin();
}

/// Bands in the order of maps, in sets held at once.
std::vector<std::vector<Fp32WeightGradient::Band>> Fp32WeightGradient::plan_bands(
    const Job& job) const {
  const std::size_t row_bytes = static_cast<std::size_t>(columns()) * kBlocks * kLanes * 4;
  const int held = std::max(static_cast<int>(kHeldBytes / row_bytes), 2 * margin() + 1);
  const int height = (held - 2 * margin()) * layer_.stride;
  std::vector<std::vector<Band>> sets;
  int rows = held + 1;
  for (int map = 0; map < job.maps(); ++map) {
    for (int y = 0; y < job.input.height; y += height) {
      Band band{map, y, std::min(y + height, job.input.height), 0};
      if (rows + band_rows(band) > held) {
        sets.emplace_back();
        rows = 0;
      }
      band.row = rows;
      rows += band_rows(band);
      sets.back().push_back(band);
    }
  }
  return sets;
}

/// Calls visit(list, gradient position at tap 0) for every spike of the bands, in their order.
template <class Visit>
void Fp32WeightGradient::for_spikes(const Job& job, const std::vector<Band>& bands,
                                    Visit visit) const {
  const int s = layer_.stride, end = job.c0 + job.channels;
  for (const Band& band : bands) {
    for (int y = band.y0; y < band.y1; ++y) {
      for (int x = 0; x < job.input.width; ++x) {
        const int row = band.row + (y - band.y0) / s + margin();
        const auto at = static_cast<std::uint32_t>(row * columns() + x / s + margin());
        const int remainder = y % s * s + x % s;
        const std::uint16_t* words = job.input.at(job.input_map(band.map), y, x);
        for (int w = job.c0 / kWord; w * kWord < end; ++w) {
          for (unsigned rest = words[w]; rest != 0; rest &= rest - 1) {
            const int c = w * kWord + __builtin_ctz(rest);
            if (c >= job.c0 && c < end) visit((c - job.c0) * s * s + remainder, at);
          }
        }
      }
    }
  }
}

void Fp32WeightGradient::list_spikes(const Job& job, const std::vector<Band>& bands,
                                     SpikeLists& lists) const {
  const std::size_t count = static_cast<std::size_t>(job.channels) * layer_.stride * layer_.stride;
  lists.starts.assign(count + 1, 0);
  for_spikes(job, bands, [&](int list, std::uint32_t) { ++lists.starts[list + 1]; });
  for (std::size_t i = 0; i < count; ++i) lists.starts[i + 1] += lists.starts[i];
  lists.entries.resize(lists.starts[count]);
  std::vector<std::uint32_t> next(lists.starts.begin(), lists.starts.end() - 1);
  for_spikes(job, bands, [&](int list, std::uint32_t at) { lists.entries[next[list]++] = at; });
}

void Fp32WeightGradient::copy_gradients(const Job& job, const std::vector<Band>& bands, int co,
                                        int lanes, AlignedVector<float>& rows) const {
  const int width = ceil_div(lanes, kLanes) * kLanes;
  const int held = bands.back().row + band_rows(bands.back());
  rows.assign(static_cast<std::size_t>(held) * columns() * width, 0.0F);
  for (const Band& band : bands) {
    for (int r = 0; r < band_rows(band); ++r) {
      const int y = band.y0 / layer_.stride - margin() + r;
      if (y < 0 || y >= layer_.out_h) continue;
      float* to = &rows[(static_cast<std::size_t>(band.row + r) * columns() + margin()) * width];
      for (int x = 0; x < layer_.out_w; ++x, to += width) {
        const float* from = job.grad_u.at(band.map, y, x) + co;
        std::copy(from, from + lanes, to);
      }
    }
  }
}

void Fp32WeightGradient::add_spikes(const Job& job, const SpikeLists& lists,
                                    const AlignedVector<float>& rows, int blocks,
                                    float* sums) const {
  const int s = layer_.stride, k = layer_.kernel;
  std::vector<Run> runs;  // one per tap
  for (int tap = 0; tap < k * k; ++tap) {
    // Input y is read at tap row ky by output (y + pad - ky) / stride, where that is whole.
    const int dy = layer_.pad - tap / k, dx = layer_.pad - tap % k;
    const int ry = ((-dy) % s + s) % s, rx = ((-dx) % s + s) % s;
    const auto list = static_cast<std::uint32_t>(ry * s + rx);
    runs.push_back({list, list + 1, (ry + dy) / s * columns() + (rx + dx) / s});
  }
  RowSumArgs args;
  args.runs = runs.data();
  args.events = lists.entries.data();
  args.rows = rows.data();
  args.outputs = k * k;
  args.blocks = blocks;
  args.sums = sums;
  for (int c = 0; c < job.channels; ++c) {
    args.starts = &lists.starts[static_cast<std::size_t>(c) * s * s];
    ops_->row_sums(args);
    args.sums += static_cast<std::size_t>(k) * k * blocks * kLanes;
  }
}

void Fp32WeightGradient::by_spikes(const Job& job) const {
  const int parts = ceil_div(job.co_count, kBlocks * kLanes);
  const auto lanes = [&](int part) {
    return std::min(kBlocks * kLanes, job.co_count - part * kBlocks * kLanes);
  };
  const std::size_t channel_sums = static_cast<std::size_t>(layer_.taps()) * kBlocks * kLanes;
  const std::size_t part_sums = job.channels * channel_sums;
  AlignedVector<float> sums(parts * part_sums, 0.0F), rows;
  SpikeLists lists;
  for (const std::vector<Band>& bands : plan_bands(job)) {
    list_spikes(job, bands, lists);
    for (int part = 0; part < parts; ++part) {
      copy_gradients(job, bands, job.co0 + part * kBlocks * kLanes, lanes(part), rows);
      add_spikes(job, lists, rows, ceil_div(lanes(part), kLanes), &sums[part * part_sums]);
    }
  }
  const int inputs = job.channels / layer_.planes;
  for (int part = 0; part < parts; ++part) {
    const std::size_t tap_sums = static_cast<std::size_t>(ceil_div(lanes(part), kLanes)) * kLanes;
    for (int first = 0; first < inputs; first += kInputs) {
      for (int lane = 0; lane < lanes(part); ++lane) {
        write_out(job, job.co0 + part * kBlocks * kLanes + lane, first,
                  std::min(first + kInputs, inputs), &sums[part * part_sums + lane],
                  layer_.taps() * tap_sums, tap_sums);
      }
    }
  }
}

}  // namespace h2
