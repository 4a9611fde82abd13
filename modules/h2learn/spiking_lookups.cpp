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

std::uint64_t load_block(const std::uint16_t* from, int words) {
  std::uint64_t block = 0;
  if (words == kBlockWords) {
    std::memcpy(&block, from, sizeof block);
  } else {
    for (int w = 0; w < words; ++w) block |= std::uint64_t{from[w]} << (kWord * w);
  }
  return block;
}

}  // namespace

SpikingLookups::SpikingLookups(const Layer& layer, Join join, int inputs)
    : layer_(layer), join_(join), inputs_(layer.kind == LayerKind::fc ? 1 : inputs) {}

std::uint64_t SpikingLookups::count(const BitMap& spikes, Region tile, int c0, int c1) {
  const auto [known, is_new] = known_.try_emplace({tile.y0 * layer_.out_w + tile.x0, c0}, 0);
  if (!is_new) return known->second;
  choose_channels(spikes, c0, c1);
  const int in_row = join_ == Join::taps ? layer_.kernel : tile.width();
  known->second = in_row % inputs_ == 0 ? count_by_rows(spikes, tile) : count_each(spikes, tile);
  return known->second;
}

void SpikingLookups::choose_channels(const BitMap& spikes, int c0, int c1) {
  word0_ = c0 / kWord;
  const int first = word0_ * kWord, blocks = ceil_div(c1 - first, kBlockWords * kWord);
  last_words_ = std::min(kBlockWords, spikes.words() - word0_ - (blocks - 1) * kBlockWords);
  counted_.assign(blocks, 0);
  for (int c = c0 - first; c < c1 - first; ++c) counted_[c / 64] |= std::uint64_t{1} << (c % 64);
}

/// Every look-up lies in one row of the input: what it comes to is the same for all rows of output
/// and of the kernel that meet there.
std::uint64_t SpikingLookups::count_by_rows(const BitMap& spikes, Region tile) {
  std::uint64_t sum = 0;
  for (int row = 0; row < spikes.height; ++row) {
    std::uint64_t uses = 0;
    for (int y = tile.y0; y < tile.y1; ++y) {
      const int tap = row + layer_.pad - y * layer_.stride;
      uses += tap >= 0 && tap < layer_.kernel ? 1 : 0;
    }
    for (int map = 0; uses > 0 && map < spikes.maps; ++map) {
      sum += uses * count_row(spikes, tile, map, row);
    }
  }
  return sum;
}

/// The look-ups of one row of output at one row of the kernel.
std::uint64_t SpikingLookups::count_row(const BitMap& spikes, Region tile, int map, int row) {
  const bool taps = join_ == Join::taps;
  const int x_step = taps ? 1 : inputs_, tap_step = taps ? inputs_ : 1;
  std::uint64_t sum = 0;
  for (int x0 = tile.x0; x0 < tile.x1; x0 += x_step)
    for (int tap0 = 0; tap0 < layer_.kernel; tap0 += tap_step) {
      for (int x = x0; x < x0 + x_step; ++x)
        for (int tap = tap0; tap < tap0 + tap_step; ++tap) {
          take(spikes, map, row, x * layer_.stride + tap - layer_.pad);
        }
      sum += taken();
    }
  return sum;
}

/// Look-ups that go on in the next row.
std::uint64_t SpikingLookups::count_each(const BitMap& spikes, Region tile) {
  const bool taps = join_ == Join::taps;
  const int joined = taps ? layer_.taps() : tile.area(),
            others = taps ? tile.area() : layer_.taps();
  std::uint64_t sum = 0;
  for (int map = 0; map < spikes.maps; ++map)
    for (int other = 0; other < others; ++other)
      for (int first = 0; first < joined; first += inputs_) {
        for (int i = first; i < std::min(first + inputs_, joined); ++i) {
          const int tap = taps ? i : other, position = taps ? other : i;
          const int y = tile.y0 + position / tile.width(), x = tile.x0 + position % tile.width();
          const int row = y * layer_.stride + tap / layer_.kernel - layer_.pad;
          if (row < 0 || row >= spikes.height) continue;
          take(spikes, map, row, x * layer_.stride + tap % layer_.kernel - layer_.pad);
        }
        sum += taken();
      }
  return sum;
}

void SpikingLookups::take(const BitMap& spikes, int map, int row, int column) {
  if (column < 0 || column >= spikes.width) return;
  places_.push_back(spikes.at(map, row, column) + word0_);
}

/// Channels that spiked in what was taken; begins anew.
std::uint64_t SpikingLookups::taken() {
  const std::size_t last = counted_.size() - 1;
  std::uint64_t sum = 0;
  for (std::size_t block = 0; block <= last && !places_.empty(); ++block) {
    std::uint64_t joined = 0;
    for (const Place place : places_) {
      joined |= load_block(place + block * kBlockWords, block < last ? kBlockWords : last_words_);
    }
    sum += count_ones64(joined & counted_[block]);
  }
  places_.clear();
  return sum;
}

}  // namespace h2
