#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modules/kernels/core.h"
#include "modules/kernels/maps.h"
#include "modules/machine.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"

namespace h2 {

/// PE groups and Acc trees of the Backward Engine: the spatial term of Eq. (2), which takes grad-u
/// of `above` (the layer that owns the weights) to the map `above` reads.
class BackwardKernel {
 public:
  BackwardKernel(const Layer& above, const BackwardSpec& array, Numerics numerics);

  /// Takes the weights towards input channels ci0..ci0+count. `oihw` is the whole layer `above`.
  void load(const float* oihw, int ci0, int count);

  /// `grad_u` has above.cout channels at above.out_h x above.out_w. Writes the loaded channels at
  /// the positions of `region` (of the in_h x in_w map) to `sums`, which has `count` channels.
  /// Zero gradients are skipped, which never changes a bit.
  void run(const ValueMap& grad_u, Region region, ValueMap& sums) const;

 private:
  /// Channels of the lower layer computed side by side.
  struct Group {
    int first = 0, blocks = 0;   ///< first loaded channel, blocks of kLanes channels
    std::vector<float> weights;  ///< [cout][conv ID][blocks*kLanes]
  };
  struct Scratch;

  void plan_windows(Region region, Scratch& scratch) const;
  void gather(const ValueMap& grad_u, int map, int row0, int rows, Scratch& scratch) const;
  bool open_window(const int* place, int rows, Scratch& scratch) const;
  void run_group(const Group& group, const ValueMap& grad_u, Region region, Scratch& scratch,
                 ValueMap& sums) const;

  Layer above_;
  int rows_;
  const Core* core_;
  int count_ = 0;
  std::vector<Group> groups_;
};

/// Grad, Eq. (2): both phases over all timesteps, last first, at the Soma positions of `region`.
/// `spatial` is grad-s's spatial term: at the same map when `pool` is not after_soma, otherwise at
/// the pooled map, and each child takes a quarter (a dropped row or column takes 0).
/// All maps hold batch*steps maps of `channels` channels. `u` is used where `mask` is set only.
/// Writes grad_u, and in `nonzero` where it is not zero.
void grad(const NeuronSpec& neuron, Numerics numerics, PoolMode pool, int batch, int steps,
          const ValueMap& spatial, const ValueMap& u, const BitMap& spikes, const BitMap& mask,
          Region region, ValueMap& grad_u, BitMap& nonzero);

/// Copies a quarter of each pooled gradient of `region` to its four convolution positions (pool
/// before Soma): what the array of the layer below and the Weight Update Engine read. A dropped row
/// or column of `conv` is left alone: it stays 0.
void spread_quarters(Numerics numerics, const ValueMap& pooled, Region region, ValueMap& conv);

}  // namespace h2
