// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/h2learn/forward/sums_stage.h"
#include "modules/h2learn/norm/channel_numbers.h"

namespace h2 {

/// The end of a Forward Engine job of a layer with batch norm: the sums are its currents. They are
/// stored as they are, while their mean and variance are taken.
class CurrentsStage : public SumsStage {
 public:
  /// Refers to context and tiles.
  CurrentsStage(const JobContext& context, int layer, const Tiling& conv_tiles);

  void want_constants(TransferList& /*list*/) override {}
  void want_added(int /*tile*/, Span /*channels*/, TransferList& /*list*/) override {}
  ValueMap& sums() override { return currents_; }
  RangeCount run(int tile, Span channels, KernelClock& kernels) override;
  void store(int tile, Span channels, TransferList& list) override;
  EventCounts events(int tile, int channels) const override;
  int steps() const override { return context_.current_steps(layer_); }
  std::uint64_t bytes(int tile, int channels) const override;
  std::uint64_t stored_bytes(int tile, int channels) const override {
    return bytes(tile, channels);
  }
  LayerDensities densities() const override { return {}; }

 private:
  std::uint64_t maps() const;
  bool is_last(int tile) const { return tile == tiles_.count() - 1; }

  const JobContext& context_;
  const Layer& l_;
  int layer_;
  const Tiling& tiles_;
  TensorImage image_;
  ValueMap currents_;
  ChannelPairs sums_, moments_;
};

}  // namespace h2
