// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "modules/h2learn/job_context.h"

namespace h2 {

/// Region of a layer's input map that a region of its convolution result reads.
Region receptive(const Layer& layer, Region out);
/// Region of a layer's convolution result that a region of its input map feeds.
Region fed_by(const Layer& layer, Region in);
/// Soma positions that hold grad-u of a region of a layer's convolution result.
Region stored_gradient(const Layer& layer, Region conv);

/// The input of a layer in the layer's own view: bit planes at its input map, or flattened in C,H,W
/// order (planes fastest) for an FC layer behind a map; of a layer with bias with one channel more,
/// the constant, which is not read from memory.
class InputFeed {
 public:
  InputFeed(const JobContext& context, int layer)
      : InputFeed(context, layer, context.input_image(layer)) {}
  /// The same from another place.
  InputFeed(const JobContext& context, int layer, const TensorImage& image);

  void set_reuse(Operand::Reuse reuse) { operand_->set_reuse(reuse); }
  void begin_pass() { operand_->begin_pass(); }
  /// Channels* [c0, c1) of `region` of the layer's input map.
  void want(Region region, int c0, int c1, TransferList& list);
  const BitMap& bits() const { return flat_ ? flattened_ : operand_->bits; }
  /// The same bits, also in runs without data, where they come from the context's masks.
  const BitMap& spikes();
  TensorKind kind() const { return kind_; }

 private:
  class Source;
  void arrived(int unit);
  void set_constant(BitMap& map, Region region) const;
  void scatter(int unit);
  void scatter(const BitMap& from, Region r, int c0);
  void take_drawn();

  const JobContext& context_;
  const int layer_;
  const TensorKind kind_;
  std::unique_ptr<BitOperand> operand_;
  BitMap flattened_;
  const BitMap* drawn_ = nullptr;  // without data, once asked for
  BitMap drawn_planes_;            // if AP2 lies between
  BitMap drawn_biased_;            // with the constant
  bool flat_ = false;
  int positions_ = 1;  // of the producer's map
  int planes_ = 1;
  int inputs_ = 0;     // channels* without the constant
  int constant_ = -1;  // its channel*, -1: none
};

/// grad-u of a layer at its convolution positions, with the bitmap of non-zeros (conv only): what
/// the Backward Engine reads for the layer below and the Weight Update Engine for the layer itself.
class GradientFeed {
 public:
  GradientFeed(const JobContext& context, int layer, bool with_mask)
      : GradientFeed(context, layer, with_mask, context.array_gradient_image(layer)) {}
  /// The same with values from another place.
  GradientFeed(const JobContext& context, int layer, bool with_mask, const TensorImage& values);

  void set_reuse(Operand::Reuse reuse);
  void begin_pass();
  std::uint32_t pass() const { return values_->pass(); }
  /// See Operand.
  void keep_since(std::uint32_t pass);
  /// Channels [c0, c1) of `region` of the convolution map: bitmap first, then values.
  void want_mask(Region region, int c0, int c1, TransferList& list);
  void want_values(Region region, int c0, int c1, TransferList& list);
  /// True if the size of the values depends on the bitmap.
  bool packed() const { return packed_; }
  /// Call after arrivals, before using them: brings pooled gradients to convolution positions.
  void settle(Region region);
  const ValueMap& values() const { return spread_ ? conv_values_ : values_->values; }
  const BitMap& nonzero() const { return spread_ ? conv_mask_ : *mask_bits_; }

 private:
  Region stored(Region conv) const { return stored_gradient(layer_, conv); }

  const Layer& layer_;
  bool spread_, with_mask_, packed_;
  Numerics numerics_;
  bool functional_;
  std::unique_ptr<BitOperand> mask_;
  const BitMap* mask_bits_ = nullptr;  // of mask_, or drawn
  std::unique_ptr<ValueOperand> values_;
  ValueMap conv_values_;
  BitMap conv_mask_;
};

}  // namespace h2
