// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "modules/arithmetic/simd/vector_ops.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// How the windows of a layer's outputs lie on the map they read: output y sees the rows
/// y*scale - before .. + kernel - 1 of the map stretched by `step` (zeros between its rows).
struct Windows {
  int scale = 1, before = 0, kernel = 1, step = 1;

  /// Of the convolution itself, on its input.
  static Windows forward(const Layer& layer);
  /// Of its transpose: positions of its input map, on grad-u.
  static Windows backward(const Layer& layer);
  /// Part of a height x width map that the windows of `outputs` see.
  Region reach(Region outputs, int height, int width) const;
};

/// Lists of the non-zero elements of regions of maps, in scan order, channels fastest, so that
/// those under one row of a window are a run. An entry's row is (column*step)*channels + channel,
/// columns counted from the left of the region.
template <class Entry>
struct EventLists {
  std::vector<Entry> entries;  ///< `count` of them, room for more
  std::size_t count = 0;
  std::vector<std::uint32_t> starts;  ///< [list][y][x], and the end of every row

  /// Starts of list number `index`, for regions of one size.
  const std::uint32_t* list(std::size_t index, Region region) const {
    return &starts[index * region.height() * (region.width() + 1)];
  }
};

/// Appends the ones among channels c0..c0+channels of `region` of a map; c0 is a multiple of 16.
void list_spikes(const VectorOps& ops, const BitMap& map, int index, Region region, int c0,
                 int channels, EventLists<std::uint32_t>& lists);

/// Appends the non-zeros among channels c0..c0+channels of `region` of a map.
void list_values(const VectorOps& ops, const ValueMap& map, int index, Region region, int c0,
                 int channels, int step, EventLists<Term>& lists);

/// Share of ones, and of non-zeros among channels c0..c0+channels.
double density(const BitMap& map);
double density(const ValueMap& map, int c0, int channels);

/// Channels c0..c0+channels of every map in whole words, with a border of zero positions.
std::vector<std::uint16_t> padded_words(const BitMap& map, int c0, int channels, int border);

/// Calls select(args) for every tap of a layer and up to kMaxBlocks words at a time of
/// padded_words, `width` positions wide. `sums`: [tap][words*kLanes] of `lane_bytes` each.
template <class Args>
void select_taps(void (*select)(const Args&), Args& args, const Layer& layer,
                 const std::uint16_t* spikes, int width, int words, void* sums,
                 std::size_t lane_bytes) {
  const std::size_t word_bytes = kLanes * lane_bytes;
  auto* to = static_cast<unsigned char*>(sums);
  for (int tap = 0; tap < layer.taps(); ++tap, to += words * word_bytes) {
    const int at = (tap / layer.kernel * width + tap % layer.kernel) * words;
    for (int w = 0; w < words; w += kMaxBlocks) {
      args.blocks = std::min(kMaxBlocks, words - w);
      args.words = spikes + at + w;
      args.sums = to + w * word_bytes;
      select(args);
    }
  }
}

/// kernel runs for every output of `outputs`, in scan order: window rows downwards, in a list of
/// region `seen`. Operand rows are [tap][channel].
std::vector<Run> plan_runs(const Windows& windows, Region outputs, Region seen);

}  // namespace h2
