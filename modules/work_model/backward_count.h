#pragma once

#include <cstdint>
#include <vector>

#include "modules/kernels/maps.h"
#include "modules/work_model/cycles.h"

namespace h2 {

/// What a Backward Engine chunk costs, counted from masks.
struct BackwardWork {
  Cycles cycles;
  std::uint64_t executed_macs = 0;
  std::uint64_t sync_loss = 0;  ///< cycles x PEs lost to the tile barrier: longest minus own work
};

/// Counts the Backward Engine's convolution cycles (paper IV-B3): the open outputs of a tile are
/// dealt round-robin in scan order to the PEs of a group; each PE takes one cycle per tap whose
/// grad-u is non-zero; all groups wait for the longest PE of the tile, per sample and timestep.
class BackwardCounter {
 public:
  /// `above` owns the weights; outputs lie on its in_h x in_w map, split into tiles.
  BackwardCounter(const Layer& above, const BackwardSpec& array, TileSpec payload);

  /// Takes the open outputs of input channels [ci0, ci1) in `tile`. `mask` lies on the in_h x in_w
  /// map, channel c of the layer is bit c, batch*steps maps.
  void outputs(const BitMap& mask, Region tile, int ci0, int ci1);
  /// Takes the non-zero grad-u of channels [co0, co1) around the same tile. `nonzero` lies on the
  /// out_h x out_w map of `above`.
  void inputs(const BitMap& nonzero, Region tile, int co0, int co1);
  /// The chunk of the outputs and inputs last taken.
  BackwardWork count() const;
};

/// OR of the four children of each pooled position: the Backward Engine's output mask under AP2.
BitMap pooled_mask(const BitMap& mask);

}  // namespace h2
