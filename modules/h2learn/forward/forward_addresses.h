// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// Taps of one grid iteration of the Forward Engine and how its leaves become tables. 2^merge
/// neighbouring leaves of the tree share a table that holds the sum of their subtree for every
/// address: the same additions in the same order, done once.
struct TapChunk {
  int first_tap = 0;
  std::vector<int> leaf_taps;  ///< per sub-LUT, 0 if unused
  int merge = 0;
  int address_bits = 0;  ///< of the widest table
  int parts = 0;         ///< leaves with taps per table, at most
  /// Per table and part: which leaf code ([sub-LUT][row]), and where its bits go.
  std::vector<std::uint16_t> source;
  std::vector<std::uint8_t> shift;

  /// Three leaves of three taps, merged in pairs: two rows make three tables of six bits.
  bool rows_of_nine() const;
};

/// Turns the spikes of one map into table addresses. Keeps its buffers from call to call.
class AddressBuilder {
 public:
  AddressBuilder(const Layer& layer, int rows, int sub_luts);

  /// Addresses of `tables` tables at every position of the output region, for input channels*
  /// first..first+channels of one map. Those of eight tables lie together, positions in scan order;
  /// the next eight tables begin `positions` positions further on.
  void build(const BitMap& input, int map, Region region, const TapChunk& chunk, int first,
             int channels, int tables, std::uint8_t* addresses, std::size_t positions);

 private:
  void expand(const BitMap& input, int map, Region region, int first, int channels);
  void join_nines(const TapChunk& chunk, int y, int x, int channels, std::uint8_t* addresses);
  void join_parts(const TapChunk& chunk, int y, int x, int channels, int tables,
                  std::uint8_t* addresses);
  const std::uint8_t* tap_spikes(int tap, int y, int x) const;

  const Layer* layer_;
  int rows_, sub_luts_;
  int width_ = 0;                          // of the input region, halo included
  int pitch_ = 0;                          // channels per position of spikes_
  int skip_ = 0;                           // channels before the first one wanted
  std::vector<std::uint8_t> spikes_;       // [y][x][channel], 0 or 1
  std::vector<std::uint8_t> codes_;        // [sub-LUT][row], and one code that is always 0
  std::vector<const std::uint8_t*> taps_;  // spikes of one leaf's taps
  std::vector<std::uint16_t> nines_;       // [row]
  std::vector<std::uint32_t> triples_;     // [pair of rows]: three addresses
  std::vector<std::uint8_t> row_;          // addresses of one position
};

}  // namespace h2
