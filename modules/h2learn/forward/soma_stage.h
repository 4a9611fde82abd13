// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "modules/h2learn/forward/pooled_tiles.h"
#include "modules/h2learn/forward/sums_stage.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/h2learn/norm/channel_numbers.h"

namespace h2 {

/// The Soma unit's end of a Forward Engine job: turns the arrays' sums into potentials, spikes and
/// mask, pools and stores them. Tiles are those of the convolution's map, in ascending order.
class SomaStage : public SumsStage {
 public:
  /// The sums have `sum_maps` maps: one per sample and timestep, or per sample (static input).
  /// Refers to the context.
  SomaStage(const JobContext& context, int layer, const Tiling& conv_tiles, int sum_maps);

  /// What batch norm needs in inference, which normalises sums as they come.
  void want_constants(TransferList& list) override;
  /// Spikes or potentials of another layer that are added to the sums of what becomes complete with
  /// a tile.
  void want_added(int tile, Span channels, TransferList& list) override;
  ValueMap& sums() override { return apart_ ? sums_ : u_; }
  /// Returns the potentials out of range.
  RangeCount run(int tile, Span channels, KernelClock& kernels) override;
  void store(int tile, Span channels, TransferList& list) override;
  EventCounts events(int tile, int channels) const override;
  /// Potentials of one channel that Soma takes with a tile, of one map.
  std::uint64_t positions(int tile) const;
  /// Sums become u in place; spikes and mask come with them, and what pooling makes of them.
  std::uint64_t bytes(int tile, int channels) const override {
    return held(tile, channels, pooled_.kept);
  }
  std::uint64_t stored_bytes(int tile, int channels) const override {
    return held(tile, channels, pooled_.stored);
  }
  int steps() const override { return context_.steps; }
  LayerDensities densities() const override;

 private:
  void allocate(int sum_maps);
  std::uint64_t held(int tile, int channels, const std::vector<std::uint64_t>& pooled) const;
  RangeCount fire(Region region, Span channels, KernelClock& kernels);
  void store_unit(int unit, TransferList& list);
  void store_potentials(int unit, TransferList& list);
  void store_bits(const TensorImage& image, const BitMap& bits, TensorKind kind, int unit,
                  TransferList& list);

  const JobContext& context_;
  const Layer& l_;
  int layer_;
  const Tiling& conv_tiles_;
  bool apart_;  // Soma does not take the arrays' sums as they are
  TensorImage spikes_image_, mask_image_, potential_image_, next_image_;
  CompletionMap soma_tiles_, pooled_tiles_;  // conv tile -> what is complete with it
  ValueMap sums_, pooled_sums_;  // if apart_; otherwise Soma turns the sums in u_ into u
  ValueMap u_;
  BitMap spikes_, mask_, planes_;
  PooledTiles pooled_;
  std::optional<BitOperand> added_;               // spikes of layer `adds`
  std::optional<ValueOperand> added_potentials_;  // its potentials instead
  std::optional<NormParameters> norm_;            // in inference
};

}  // namespace h2
