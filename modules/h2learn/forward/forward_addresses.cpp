// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/forward/forward_addresses.h"

#include <algorithm>
#include <cstring>

#include "modules/base/bits.h"
#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

/// codes[r] = sum of taps[i][r] << i: the address of one leaf per row.
void leaf_codes(const std::uint8_t* const* taps, int count, int rows, std::uint8_t* codes) {
  if (count == 3) {
    const std::uint8_t *a = taps[0], *b = taps[1], *c = taps[2];
    for (int r = 0; r < rows; ++r) codes[r] = static_cast<std::uint8_t>(a[r] + 2 * b[r] + 4 * c[r]);
    return;
  }
  std::memset(codes, 0, rows);
  for (int i = count - 1; i >= 0; --i) {
    const std::uint8_t* tap = taps[i];
    for (int r = 0; r < rows; ++r) codes[r] = static_cast<std::uint8_t>(2 * codes[r] + tap[r]);
  }
}

/// addresses[j] = the codes of table j's parts side by side.
template <int Parts>
void join_codes(const std::uint8_t* codes, const std::uint16_t* source, const std::uint8_t* shift,
                int tables, int parts, std::uint8_t* addresses) {
  const int count = Parts > 0 ? Parts : parts;
  for (int j = 0; j < tables; ++j, source += count, shift += count) {
    unsigned address = 0;
    for (int i = 0; i < count; ++i) address |= unsigned{codes[source[i]]} << shift[i];
    addresses[j] = static_cast<std::uint8_t>(address);
  }
}

}  // namespace

bool TapChunk::rows_of_nine() const { return merge == 1 && leaf_taps == std::vector<int>{3, 3, 3}; }

AddressBuilder::AddressBuilder(const Layer& layer, int rows, int sub_luts)
    : layer_(&layer),
      rows_(rows),
      sub_luts_(sub_luts),
      codes_(static_cast<std::size_t>(rows) * sub_luts + 1, 0),
      nines_(rows + 1, 0),
      triples_(rows / 2 + 1, 0) {}

void AddressBuilder::build(const BitMap& input, int map, Region region, const TapChunk& chunk,
                           int first, int channels, int tables, std::uint8_t* addresses,
                           std::size_t positions) {
  expand(input, map, region, first, channels);
  const bool nines = chunk.rows_of_nine();
  const int groups = ceil_div(tables, 8);
  row_.assign(static_cast<std::size_t>(groups) * 8, 0);
  for (int y = 0; y < region.height(); ++y) {
    for (int x = 0; x < region.width(); ++x, addresses += 8) {
      if (nines) {
        join_nines(chunk, y, x, channels, row_.data());
      } else {
        join_parts(chunk, y, x, channels, tables, row_.data());
      }
      std::uint8_t* to = addresses;
      for (int g = 0; g < groups; ++g, to += positions * 8) std::memcpy(to, &row_[g * 8], 8);
    }
  }
}

/// Spikes of the input region, zero outside the map, one byte per channel.
void AddressBuilder::expand(const BitMap& input, int map, Region region, int first, int channels) {
  const int word0 = first / 16;
  const int words = ceil_div(first + channels, 16) - word0;
  width_ = (region.width() - 1) * layer_->stride + layer_->kernel;
  pitch_ = words * 16;
  skip_ = first % 16;
  const int height = (region.height() - 1) * layer_->stride + layer_->kernel;
  const int y0 = region.y0 * layer_->stride - layer_->pad;
  const int x0 = region.x0 * layer_->stride - layer_->pad;
  spikes_.assign(static_cast<std::size_t>(height) * width_ * pitch_, 0);
  for (int y = std::max(0, -y0); y < std::min(height, input.height - y0); ++y) {
    for (int x = std::max(0, -x0); x < std::min(width_, input.width - x0); ++x) {
      const std::uint16_t* from = input.at(map, y0 + y, x0 + x) + word0;
      std::uint8_t* to = &spikes_[(static_cast<std::size_t>(y) * width_ + x) * pitch_];
      for (int w = 0; w < words; ++w) expand_bits(from[w], to + w * 16);
    }
  }
}

const std::uint8_t* AddressBuilder::tap_spikes(int tap, int y, int x) const {
  const int py = y * layer_->stride + tap / layer_->kernel;
  const int px = x * layer_->stride + tap % layer_->kernel;
  return &spikes_[(static_cast<std::size_t>(py) * width_ + px) * pitch_ + skip_];
}

/// The common case: 9 bits per row, two rows side by side cut into three addresses.
void AddressBuilder::join_nines(const TapChunk& chunk, int y, int x, int channels,
                                std::uint8_t* addresses) {
  const std::uint8_t* tap[9];
  for (int i = 0; i < 9; ++i) tap[i] = tap_spikes(chunk.first_tap + i, y, x);
  std::uint16_t* nines = nines_.data();
  for (int r = 0; r < channels; ++r) {
    const auto low = static_cast<std::uint8_t>(tap[0][r] | tap[1][r] << 1 | tap[2][r] << 2 |
                                               tap[3][r] << 3 | tap[4][r] << 4 | tap[5][r] << 5 |
                                               tap[6][r] << 6 | tap[7][r] << 7);
    nines[r] = static_cast<std::uint16_t>(low | tap[8][r] << 8);
  }
  nines[channels] = 0;
  const int pairs = (channels + 1) / 2;
  std::uint32_t* triples = triples_.data();
  std::memcpy(triples, nines, pairs * sizeof *triples);
  for (int i = 0; i < pairs; ++i) {
    const std::uint32_t bits = (triples[i] & 0x1FFU) | (triples[i] >> 16) << 9;
    triples[i] = (bits & 0x3FU) | (bits & 0xFC0U) << 2 | (bits & 0x3F000U) << 4;
  }
  for (int i = 0; i < pairs; ++i, addresses += 3) {
    if (i + 1 < pairs) {
      std::memcpy(addresses, &triples[i], 4);  // the fourth byte is overwritten next
    } else {
      std::memcpy(addresses, &triples[i], channels % 2 == 0 ? 3 : 2);
    }
  }
}

void AddressBuilder::join_parts(const TapChunk& chunk, int y, int x, int channels, int tables,
                                std::uint8_t* addresses) {
  for (int s = 0; s < sub_luts_; ++s) {
    const int count = chunk.leaf_taps[s];
    taps_.resize(count);
    for (int i = 0; i < count; ++i) {
      const int inputs = chunk.leaf_taps[0];
      taps_[i] = tap_spikes(chunk.first_tap + s * inputs + i, y, x);
    }
    std::uint8_t* codes = &codes_[static_cast<std::size_t>(s) * rows_];
    std::fill(codes + channels, codes + rows_, 0);
    leaf_codes(taps_.data(), count, channels, codes);
  }
  const auto join = chunk.parts == 1   ? join_codes<1>
                    : chunk.parts == 2 ? join_codes<2>
                    : chunk.parts == 4 ? join_codes<4>
                                       : join_codes<0>;
  join(codes_.data(), chunk.source.data(), chunk.shift.data(), tables, chunk.parts, addresses);
}

}  // namespace h2
