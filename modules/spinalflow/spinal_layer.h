// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/spinalflow/spine.h"

namespace h2 {

/// What the unit is built of. Numbers of the paper (ISCA 2020, section IV) unless `assumed`.
struct SpinalUnit {
  int lanes = 128;                      ///< processing elements, an output channel each
  std::uint64_t filter_bytes = 589824;  ///< 576 KB: 4608 rows of a byte per lane
  int filter_banks = 32;
  int spine_buffers = 16;    ///< lists that min-find sees at once
  int buffer_entries = 128;  ///< spikes of one half of a spine buffer
  int merge_ways = 4;        ///< groups of spine_buffers lists that are merged
  int merge_fifo = 51;       ///< spikes of one intermediate FIFO: 256 bytes
  int output_entries = 512;  ///< spikes of one half of the output buffer
  int output_tiles = 8;      ///< tiles of `lanes` channels that the sorter merges
  int lane_fifo = 8;         ///< spikes that wait behind one processing element (assumed)

  int filter_rows() const { return static_cast<int>(filter_bytes / lanes); }
  int most_spines() const { return spine_buffers * merge_ways; }
};

/// A part of the rows of a layer that the filter buffer holds at once.
struct RowRange {
  int first = 0, count = 0;
  bool holds(int row) const { return row >= first && row < first + count; }
};

/// One list of a receptive field, and where in the kernel it is seen: once per window of the field
/// that contains it.
struct FieldSpine {
  int position = 0;          ///< in the input map
  std::vector<int> offsets;  ///< ky * kernel_w + kx, ascending windows
};

/// Shape of one layer. A fully connected layer is a convolution whose kernel is the whole map
/// (pad 0). `pool` 2: a neuron integrates the sum of 2x2 windows (average pooling of potentials,
/// its threshold four times as high); 1: its own.
struct SpinalLayer {
  SpineShape input;
  int cout = 1;
  int kernel_h = 1, kernel_w = 1, stride = 1, pad = 0, pool = 1;

  int conv_h() const { return (input.height + 2 * pad - kernel_h) / stride + 1; }
  int conv_w() const { return (input.width + 2 * pad - kernel_w) / stride + 1; }
  SpineShape output() const { return {conv_h() / pool, conv_w() / pool, cout, input.ticks}; }
  /// Rows of weights: (ky, kx, channel) in this order.
  int rows() const { return kernel_h * kernel_w * input.channels; }
  int tiles(const SpinalUnit& unit) const { return (cout + unit.lanes - 1) / unit.lanes; }
  /// Channels of tile `tile`.
  int lanes(const SpinalUnit& unit, int tile) const;
  /// Ranges of rows that the filter buffer and the lists of one field allow, in order.
  std::vector<RowRange> parts(const SpinalUnit& unit) const;
  /// Lists of an output position that have rows in `part`, in the order of positions.
  std::vector<FieldSpine> field(int position, const RowRange& part) const;
};

/// "" or why the unit cannot run the layer, with what is legal.
std::string refusal(const SpinalLayer& layer, const SpinalUnit& unit);

/// Row reads of one sample: tiles x sum over the windows of all output positions of the spikes
/// in them. `counts`: spikes per input position. With weights in place and memory that never lets
/// the unit wait this is its time in cycles.
std::uint64_t row_reads(const SpinalLayer& layer, const SpinalUnit& unit,
                        const std::vector<std::uint64_t>& counts);

}  // namespace h2
