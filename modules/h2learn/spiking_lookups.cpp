// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/spiking_lookups.h"

#include <algorithm>
#include <cstring>

#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

constexpr int kWord = 16;       // channels in a BitMap word
constexpr int kBlockWords = 4;  // words that are joined at once

/// Four words; beyond `end` there are zeros.
std::uint64_t load_block(const std::uint16_t* from, const std::uint16_t* end) {
  std::uint64_t block = 0;
  if (from + kBlockWords <= end) {
    std::memcpy(&block, from, sizeof block);
  } else {
    for (int w = 0; from + w < end; ++w) block |= std::uint64_t{from[w]} << (kWord * w);
  }
  return block;
}

}  // namespace

SpikingLookups::SpikingLookups(const Layer& layer, Join join, int inputs)
    : layer_(layer), join_(join), inputs_(layer.kind == LayerKind::fc ? 1 : inputs) {}

std::uint64_t SpikingLookups::count(const BitMap& spikes, Region tile, int c0, int c1) {
  const auto [known, is_new] = known_.try_emplace({tile.y0 * layer_.out_w + tile.x0, c0}, 0);
  if (!is_new) return known->second;
  choose_channels(c0, c1);
  lookups_.clear();
  places_.clear();
  const int in_row = join_ == Join::taps ? layer_.kernel : tile.width();
  if (in_row % inputs_ == 0) {
    list_by_rows(spikes, tile);
  } else {
    list_each(spikes, tile);
  }
  for (int map = 0; map < spikes.maps; ++map) known->second += count_map(spikes, map);
  return known->second;
}

void SpikingLookups::choose_channels(int c0, int c1) {
  word0_ = c0 / kWord;
  const int first = word0_ * kWord;
  counted_.assign(ceil_div(c1 - first, kBlockWords * kWord), 0);
  for (int c = c0 - first; c < c1 - first; ++c) counted_[c / 64] |= std::uint64_t{1} << (c % 64);
}

/// Where every look-up lies in one row of the input: what it comes to is the same for all rows of
/// output and of the kernel that meet there.
void SpikingLookups::list_by_rows(const BitMap& spikes, Region tile) {
  const bool taps = join_ == Join::taps;
  const int x_step = taps ? 1 : inputs_, tap_step = taps ? inputs_ : 1;
  for (int row = 0; row < spikes.height; ++row) {
    std::uint64_t uses = 0;
    for (int y = tile.y0; y < tile.y1; ++y) {
      const int tap = row + layer_.pad - y * layer_.stride;
      uses += tap >= 0 && tap < layer_.kernel ? 1 : 0;
    }
    if (uses == 0) continue;
    for (int x0 = tile.x0; x0 < tile.x1; x0 += x_step)
      for (int tap0 = 0; tap0 < layer_.kernel; tap0 += tap_step) {
        for (int x = x0; x < x0 + x_step; ++x)
          for (int tap = tap0; tap < tap0 + tap_step; ++tap) {
            take(spikes, row, x * layer_.stride + tap - layer_.pad);
          }
        end_lookup(uses);
      }
  }
}

/// Where look-ups go on in the next row.
void SpikingLookups::list_each(const BitMap& spikes, Region tile) {
  const bool taps = join_ == Join::taps;
  const int joined = taps ? layer_.taps() : tile.area();
  const int others = taps ? tile.area() : layer_.taps();
  for (int other = 0; other < others; ++other)
    for (int first = 0; first < joined; first += inputs_) {
      for (int i = first; i < std::min(first + inputs_, joined); ++i) {
        const int tap = taps ? i : other, position = taps ? other : i;
        const int y = tile.y0 + position / tile.width(), x = tile.x0 + position % tile.width();
        take(spikes, y * layer_.stride + tap / layer_.kernel - layer_.pad,
             x * layer_.stride + tap % layer_.kernel - layer_.pad);
      }
      end_lookup(1);
    }
}

/// Outside the map there are no spikes.
void SpikingLookups::take(const BitMap& spikes, int row, int column) {
  if (row < 0 || row >= spikes.height || column < 0 || column >= spikes.width) return;
  places_.push_back((row * spikes.width + column) * spikes.words() + word0_);
}

void SpikingLookups::end_lookup(std::uint64_t uses) {
  const std::uint32_t begin = lookups_.empty() ? 0 : lookups_.back().end;
  lookups_.push_back({begin, static_cast<std::uint32_t>(places_.size()), uses});
}

/// Channels that spiked in the look-ups of a map.
std::uint64_t SpikingLookups::count_map(const BitMap& spikes, int map) const {
  const std::uint16_t* from = spikes.at(map, 0, 0);
  const std::uint16_t* end = spikes.bits.data() + spikes.bits.size();
  std::uint64_t sum = 0;
  for (const Lookup& lookup : lookups_) {
    unsigned ones = 0;
    for (std::size_t block = 0; block < counted_.size(); ++block) {
      std::uint64_t joined = 0;
      for (std::uint32_t i = lookup.begin; i < lookup.end; ++i) {
        joined |= load_block(from + places_[i] + block * kBlockWords, end);
      }
      ones += count_ones64(joined & counted_[block]);
    }
    sum += ones * lookup.uses;
  }
  return sum;
}

}  // namespace h2
