// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "modules/device/cycles.h"
#include "modules/h2learn/backward/backward_window.h"
#include "modules/h2learn/backward/lane_sums.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// What a Backward Engine chunk costs, counted from masks.
struct BackwardWork {
  Cycles cycles;                    ///< array and fill; the drain is grad_drain's business
  std::uint64_t executed_macs = 0;  ///< taps that the PEs took
  std::uint64_t open_outputs = 0;   ///< (map, position, channel) that are computed
  std::uint64_t sync_loss = 0;  ///< cycles x PEs lost to the tile barrier: longest minus own work,
                                ///< over the PEs that have a channel pair
};

/// The largest numbers that counting a tile of `area` positions may come to: cycles that one
/// non-zero grad-u adds to a PE, and a PE's sum over the tile.
struct BackwardSums {
  std::uint64_t addend = 0, sum = 0;
};
BackwardSums backward_sums(const Layer& above, const BackwardSpec& array, int area);

/// Counts the Backward Engine's convolution cycles (paper IV-B3): the open outputs of a tile are
/// dealt round-robin in scan order to the PEs of a group; each PE takes one cycle per tap whose
/// grad-u is non-zero; all groups wait for the longest PE of the tile, per sample and timestep.
///
/// `sparsity` says which outputs are open, those under the mask (both, output) or all (input,
/// none), and which taps count: with non-zero grad-u (both, input), inside the map (output) or all
/// (none). The zeros between the outputs of a strided layer never count.
class BackwardCounter {
 public:
  /// `above` owns the weights; outputs lie on its in_h x in_w map, split into tiles. `again`: the
  /// same inputs follow for other output channels and are kept.
  BackwardCounter(const Layer& above, const BackwardSpec& array, TileSpec payload,
                  bool again = false);

  /// Takes the open outputs of input channels [ci0, ci1) in `tile`, at most `cols` channels. `mask`
  /// lies on the in_h x in_w map, channel c of the layer is bit c, batch*steps maps. They are kept
  /// until the next call, so every grad-u block of the tile may follow.
  void outputs(const BitMap& mask, Region tile, int ci0, int ci1);
  /// Takes the non-zero grad-u of channels [co0, co1) around the same tile, at most `rows`
  /// channels. `nonzero` lies on the out_h x out_w map of `above`.
  void inputs(const BitMap& nonzero, Region tile, int co0, int co1);
  /// The chunk of the outputs and inputs last taken. All three throw logic_error for a mask of
  /// another shape than the layer's, more channels than the array has, or two different tiles.
  BackwardWork count() const;

 private:
  // One side of a chunk. Without masks one channel and one map stand for all.
  struct Side {
    BackwardWindow window;
    int channels = 0;  // of the chunk
    int counted = 0;   // channels with bits of their own
    int maps = 0;      // batch*steps
    int kept = 0;      // maps with bits of their own
  };

  void take(Side& side, const BitMap& map, int height, int width, Region tile, bool masked) const;
  int grad_words(const BackwardWindow& window) const;
  int set_words(const BackwardWindow& window) const;
  int lane_words() const { return shape_.blocks * kLaneWords; }
  void deal(const BitMap* mask, int map, int ci0);
  void fill_table(int map);
  void fill_empty(std::uint64_t* table, std::uint32_t* work) const;
  /// Which entries of the lane table the inputs of a tile choose.
  struct Choices {
    std::vector<std::uint64_t> sets;      // [map][grad-u channel] entries it chooses
    std::vector<std::uint32_t> channels;  // [map][entry] channels that choose it
  };
  void choose(const BitMap& nonzero, int map, int co0, Choices& to);
  void choose_empty(int map, Choices& to);
  const Choices& choices() const { return again_ ? kept_.at(kept_key_) : choices_; }

  Layer above_;
  BackwardSpec array_;
  TileSpec payload_;
  bool again_, masked_outputs_, masked_inputs_, padding_;

  // Entries of a lane table: one per grad-u position (the open outputs of each PE that it feeds),
  // then, if an empty window costs cycles, one per output of the tile (that cost).
  Side out_, in_;
  LaneTable shape_;
  std::vector<std::uint64_t> open_;    // [output] lanes it is open in, of one map
  std::vector<std::uint32_t> opened_;  // [output] how many those are
  std::uint64_t open_outputs_ = 0;     // of the tile, all maps
  std::vector<std::uint64_t> tables_;  // [map] lane table, one lane per PE and output channel
  std::vector<std::uint32_t> work_;    // [map][entry] cycles of all lanes
  Choices choices_;
  using KeptKey = std::array<int, 3>;  // first position of the tile, channels
  std::map<KeptKey, Choices> kept_;
  KeptKey kept_key_{};
};

/// OR of the four children of each pooled position of `region`: the Backward Engine's output mask
/// under AP2.
void pooled_mask(const BitMap& mask, Region region, BitMap& pooled);
/// Copies the bits of each pooled position of `region` to its four children: which grad-u the
/// arrays see when pooling comes before Soma.
void spread_mask(const BitMap& pooled, Region region, BitMap& conv);

}  // namespace h2
