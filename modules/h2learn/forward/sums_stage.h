// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/loop_nest.h"

namespace h2 {

/// What takes the sums of the Forward Engine's arrays: Soma, or what keeps them as currents for
/// batch norm. Tiles are those of the convolution's map, in ascending order.
class SumsStage {
 public:
  SumsStage() = default;
  virtual ~SumsStage() = default;
  SumsStage(const SumsStage&) = delete;
  SumsStage& operator=(const SumsStage&) = delete;

  /// Numbers that stay for the whole job.
  virtual void want_constants(TransferList& list) = 0;
  /// What is read with the last sums of a tile.
  virtual void want_added(int tile, Span channels, TransferList& list) = 0;
  /// Where the arrays leave their sums.
  virtual ValueMap& sums() = 0;
  /// What became complete with a tile; returns the results out of range.
  virtual RangeCount run(int tile, Span channels, KernelClock& kernels) = 0;
  virtual void store(int tile, Span channels, TransferList& list) = 0;
  virtual EventCounts events(int tile, int channels) const = 0;
  /// Timesteps of the results.
  virtual int steps() const = 0;
  /// Bytes of the buffer from the first sum of a tile on, and those that are free behind it.
  virtual std::uint64_t bytes(int tile, int channels) const = 0;
  virtual std::uint64_t stored_bytes(int tile, int channels) const = 0;
  virtual LayerDensities densities() const = 0;
};

}  // namespace h2
