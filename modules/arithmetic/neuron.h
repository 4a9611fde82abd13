// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/arithmetic/neuron_spec.h"
#include "modules/arithmetic/simd/vector_ops.h"
#include "modules/base/numerics.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "modules/tensor/maps.h"

// The neuron's arithmetic around the arrays: Soma, Grad and pooling.

namespace h2 {

/// Soma, Eq. (1) and (5): potentials, spikes and gradient mask at the positions of `region`
/// and channels c0..c1-1. `sums` has batch*steps maps, or batch maps when the input is static; u,
/// spikes and mask have batch*steps maps. All have the same height, width and channels; u may be
/// `sums`. th_l < u < th_r is open. Returns the potentials that are not finite.
RangeCount soma(const NeuronSpec& neuron, Numerics numerics, int batch, int steps,
                const ValueMap& sums, Region region, int c0, int c1, ValueMap& u, BitMap& spikes,
                BitMap& mask);

/// 2x2 average of potentials (pool before Soma): sum in Acc-tree order (row-major), then * 0.25, at
/// the pooled positions of `region` and channels c0..c1-1.
void pool_potentials(Numerics numerics, const ValueMap& sums, Region region, int c0, int c1,
                     ValueMap& pooled);

/// 2x2 sum of spikes (0..4 quarters) as three bit planes, channel c*3+p, at the pooled positions of
/// `region`, of all blocks of 16 channels that hold channels c0..c1-1.
void pool_spikes(const BitMap& spikes, Region region, int c0, int c1, BitMap& planes);

/// The largest of 2x2 spikes: 1 where one of four fires, at the pooled positions of `region`, of
/// all blocks of 16 channels that hold channels c0..c1-1.
void pool_largest(const BitMap& spikes, Region region, int c0, int c1, BitMap& pooled);

/// sums = sums + 1 where a spike is, at the positions of `region` and channels c0..c1-1; both have
/// the same maps, height, width and channels.
void add_spikes(Numerics numerics, const BitMap& spikes, Region region, int c0, int c1,
                ValueMap& sums);

/// sums = sums + values, likewise.
void add_values(Numerics numerics, const ValueMap& values, Region region, int c0, int c1,
                ValueMap& sums);

/// Grad, Eq. (2): both phases over all timesteps, last first, at the Soma positions of `region` for
/// channels c0..c1-1, c0 a multiple of kLanes.
/// `spatial` is grad-s's spatial term: at the same map when `pool` is not after_soma, otherwise at
/// the pooled map, and each child takes a quarter (a dropped row or column takes 0), or, with
/// `max_pool`, the first of the four that fires takes all, the first one if none does.
/// All maps hold batch*steps maps of `channels` channels. `u` is used where `mask` is set only.
/// `direct`, a map as grad_u, is what other layers that add the potentials give: a further term of
/// grad-u, whatever the mask; may be null.
/// Writes grad_u, and in `nonzero` where it is not zero. Returns the gradients out of range.
RangeCount grad(const NeuronSpec& neuron, Numerics numerics, PoolMode pool, int batch, int steps,
                const ValueMap& spatial, const ValueMap& u, const BitMap& spikes,
                const BitMap& mask, Region region, int c0, int c1, ValueMap& grad_u,
                BitMap& nonzero, bool max_pool = false, const ValueMap* direct = nullptr);

/// Copies a quarter of each pooled gradient of `region` to its four convolution positions (pool
/// before Soma): what the array of the layer below and the Weight Update Engine read. A dropped row
/// or column of `conv` is left alone: it stays 0.
void spread_quarters(Numerics numerics, const ValueMap& pooled, Region region, ValueMap& conv);

}  // namespace h2
