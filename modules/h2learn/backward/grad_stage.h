// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/h2learn/backward/shortcut_gradient.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/loop_nest.h"

namespace h2 {

/// The Grad unit's end of a Backward Engine job: reads u, spikes and mask of a layer, turns grad-s
/// sums into grad-u and writes grad-u with its bitmap.
class GradStage {
 public:
  GradStage(const JobContext& context, int layer);

  /// What was read before is read again.
  void begin_pass();
  void want_mask(Region region, int c0, int c1, TransferList& list);
  /// Of a Soma tile: the mask, unless the pass has it already; then, once that is there, the rest.
  void want_mask(int tile, Span blocks, TransferList& list);
  void want_state(int tile, Span blocks, TransferList& list);
  /// Eq. (5) mask at Soma positions: read, or drawn.
  const BitMap& open() const { return *open_; }
  /// grad-s sums of the whole layer, at the map the layer hands on.
  ValueMap& sums() { return sums_; }
  /// Soma positions whose gradient a region of the handed-on map determines (rows and columns that
  /// floor pooling drops go with the last ones).
  Region soma_region(Region next) const;
  /// Inverse: the region of the handed-on map that Soma positions need.
  Region next_region(Region soma) const;
  /// grad-u of `blocks` in a Soma tile; returns the gradients out of range.
  RangeCount run(int tile, Span blocks, KernelClock& kernels);
  /// Bytes of grad-s and grad-u of a Soma tile in the buffer.
  std::uint64_t bytes(int tile, Span blocks) const;
  /// Writes the units of soma tile `tile`.
  void store(int tile, Span blocks, TransferList& list);
  /// Non-zeros of grad-u so far.
  Density density() const { return density_of(nonzero_); }
  const TensorImage& image() const { return gradient_image_; }

 private:
  void store_values(int unit, PartRange parts, bool packed, TransferList& list);

  const JobContext& context_;
  const Layer& l_;
  int layer_;
  bool conv_;
  BitOperand mask_, spikes_;
  const BitMap* open_;
  ValueOperand u_;
  ShortcutGradient shortcut_;
  TensorImage gradient_image_, bitmap_image_;
  ValueMap sums_, gradient_;
  BitMap nonzero_;
};

}  // namespace h2
