// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "modules/device/glb_room.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/sata/sata_spec.h"

// How a layer is cut so that what the array works on at a time fits the five operand buffers:
// by output channel, a spatial tile at a time, and by input where that is not enough. SATA.md,
// "Buffers", has the sums.

namespace h2 {

/// What the sums of one run share.
struct SataSizes {
  SataBuffers buffers;
  TileSpec tile;
  int batch = 1, steps = 1;
  bool ann = false;  ///< inputs are activations of 16 bits

  std::uint64_t maps() const { return static_cast<std::uint64_t>(batch) * steps; }
};

/// The layer as the array takes it: activations have no bit planes.
Layer array_view(Layer layer, bool ann);

/// Cuts of one layer in one phase. The engine keeps `room`; that no tensor is larger than its own
/// buffer follows from the cuts.
struct SataCut {
  int outputs = 0;  ///< channels whose sums are made together, whole blocks of 16
  int inputs = 0;   ///< terms taken together: inputs* of array_view(), backward channels of grad-u
  bool weights_stay = false;  ///< those of a pass are read once, otherwise once per tile
  GlbRoom room;
  std::string lacks;  ///< "": fits; otherwise the buffer that is too small and what it has to hold
};

SataCut cut_forward(const SataSizes& sizes, const Layer& layer, int producer_positions);
/// `l`: whose gradients are made from those of `above`.
SataCut cut_backward(const SataSizes& sizes, const Layer& l, const Layer& above);
/// grad-u of the last layer.
SataCut cut_gradient(const SataSizes& sizes, const Layer& l);
/// `inputs`: input channels, planes not counted.
SataCut cut_weight_gradient(const SataSizes& sizes, const Layer& layer, int producer_positions);

/// Positions of the map that a layer reads flattened; 1 if it reads its own map.
int producer_positions(const Network& network, std::size_t layer);
/// Throws InputError that names layer, phase, buffer and bytes where the network does not fit.
void require_buffers_fit(const SataSizes& sizes, const Network& network);

}  // namespace h2
