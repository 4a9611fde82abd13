// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/spiking_lookups.h"

#include <algorithm>

#include "modules/base/bits.h"

namespace h2 {
namespace {

constexpr int kWord = 16;  // channels in a BitMap word

}  // namespace

SpikingLookups::SpikingLookups(const Layer& layer, Join join, int inputs)
    : layer_(layer), join_(join), inputs_(layer.kind == LayerKind::fc ? 1 : inputs) {}

std::uint64_t SpikingLookups::count(const BitMap& spikes, Region tile, int c0, int c1) {
  const auto [known, is_new] = known_.try_emplace({tile.y0 * layer_.out_w + tile.x0, c0}, 0);
  if (!is_new) return known->second;
  word0_ = c0 / kWord;
  words_ = (c1 - 1) / kWord + 1 - word0_;
  first_mask_ = static_cast<std::uint16_t>(0xFFFFU << (c0 % kWord));
  last_mask_ = static_cast<std::uint16_t>(0xFFFFU >> (kWord - 1 - (c1 - 1) % kWord));
  joined_.assign(words_, 0);
  known->second = join_ == Join::taps ? count_taps(spikes, tile) : count_positions(spikes, tile);
  return known->second;
}

std::uint64_t SpikingLookups::count_taps(const BitMap& spikes, Region tile) {
  std::uint64_t sum = 0;
  for (int map = 0; map < spikes.maps; ++map)
    for (int y = tile.y0; y < tile.y1; ++y)
      for (int x = tile.x0; x < tile.x1; ++x)
        for (int first = 0; first < layer_.taps(); first += inputs_) {
          const int end = std::min(first + inputs_, layer_.taps());
          for (int tap = first; tap < end; ++tap) take(window(spikes, map, y, x, tap));
          sum += taken();
        }
  return sum;
}

std::uint64_t SpikingLookups::count_positions(const BitMap& spikes, Region tile) {
  std::uint64_t sum = 0;
  for (int map = 0; map < spikes.maps; ++map)
    for (int tap = 0; tap < layer_.taps(); ++tap)
      for (int first = 0; first < tile.area(); first += inputs_) {
        const int end = std::min(first + inputs_, tile.area());
        for (int i = first; i < end; ++i) {
          take(window(spikes, map, tile.y0 + i / tile.width(), tile.x0 + i % tile.width(), tap));
        }
        sum += taken();
      }
  return sum;
}

/// The spikes that an output position reads at a tap; null outside the map.
const std::uint16_t* SpikingLookups::window(const BitMap& spikes, int map, int y, int x,
                                            int tap) const {
  const int row = y * layer_.stride + tap / layer_.kernel - layer_.pad;
  const int column = x * layer_.stride + tap % layer_.kernel - layer_.pad;
  const bool inside = row >= 0 && row < spikes.height && column >= 0 && column < spikes.width;
  return inside ? spikes.at(map, row, column) + word0_ : nullptr;
}

void SpikingLookups::take(const std::uint16_t* from) {
  if (from == nullptr) return;
  for (int w = 0; w < words_; ++w) joined_[w] |= from[w];
}

/// Channels that spiked in what was taken; begins anew.
std::uint64_t SpikingLookups::taken() {
  joined_.front() &= first_mask_;
  joined_.back() &= last_mask_;
  std::uint64_t sum = 0;
  for (std::uint16_t& word : joined_) {
    sum += count_ones(word);
    word = 0;
  }
  return sum;
}

}  // namespace h2
