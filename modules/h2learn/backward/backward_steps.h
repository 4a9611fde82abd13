// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "modules/h2learn/backward/backward_nest.h"
#include "modules/h2learn/glb_plan.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"

namespace h2 {

/// A chunk of a backward job: array work on piece `inner` of the layer above for a tile of the map
/// that this layer reads, or Grad on the Soma tile `soma`.
struct BackwardStep {
  static constexpr int kArray = -1;
  int pass, tile, inner, soma;

  bool grads() const { return soma != kArray; }
};

/// The chunks of a backward job in their order:
/// for 64 channels { for tile { for 16 channels of the layer above { array } for Soma tile { Grad }
/// } }, or with the tiles outermost (BackwardNest). Through a fully connected layer there is one
/// tile of flattened inputs; where all sums fit the buffer, for 16 outputs { for inputs { array }
/// }, otherwise for 64 inputs { for outputs { array } }.
class BackwardSteps {
 public:
  /// `above` owns the weights; `soma` are the tiles of the Soma map of `below`, `needs` the region
  /// of the handed-on map that a region of it takes.
  BackwardSteps(const Machine& machine, const Layer& below, const Layer& above, FcOrder order,
                const BackwardNest& nest, const Tiling& soma,
                const std::function<Region(Region)>& needs);

  int count() const { return static_cast<int>(steps_.size()); }
  const BackwardStep& operator[](int chunk) const { return steps_[chunk]; }
  int passes() const { return pieces(pass_step_, above_.inputs()); }
  bool through_fc() const { return above_.kind == LayerKind::fc; }
  /// The layer above reads the map of this one as a vector.
  bool flattened() const { return through_fc() && below_.kind == LayerKind::conv; }
  /// All outputs of a fully connected layer, pass by pass, for one piece of weights.
  bool streamed() const { return order_ == FcOrder::stream; }
  /// The vectors of grad-u are read once.
  bool vectors_stay() const { return through_fc() && order_ != FcOrder::text; }
  /// Channels of the layer above in a piece.
  int inner_step() const { return inner_step_; }
  const Tiling& tiles() const { return tiles_; }

  /// Inputs of the layer above: channels of this layer, or flattened.
  Span inputs(const BackwardStep& at) const { return piece(at.pass, pass_step_, above_.inputs()); }
  Span above_channels(const BackwardStep& at) const {
    return piece(at.inner, inner_step_, above_.cout);
  }
  Region tile(const BackwardStep& at) const { return tiles_.tile(at.tile); }
  /// Channel blocks of this layer whose sums are complete with this pass.
  Span blocks(const BackwardStep& at) const;
  /// Whether the array has no further work on the sums of this chunk.
  bool sums_complete(int chunk) const { return !steps_[chunk].grads() && last_inner(chunk); }
  /// Whether sums of chunks so far are given up behind this one: Grad has taken them.
  bool sums_end(int chunk) const;
  /// Last chunk of the pass and tile of `chunk`, Grad included.
  int last_of_tile(int chunk) const;

  const BackwardNest& nest() const { return nest_; }
  /// The chunk begins a pass, or a tile if these are outermost: what has stayed so far is given up,
  /// all but the operand that stays for the job.
  bool begins_outer(const BackwardStep& at) const {
    return at.inner == 0 && (nest_.tile_outermost ? at.pass : at.tile) == 0;
  }
  /// The last chunk that needs grad-u of channels up to `channels_end`, which stays.
  int last_use_of_gradient(const BackwardStep& at, int channels_end) const;
  /// The last chunk that needs weights of channels up to `channels_end` and of the inputs of the
  /// step, which stay.
  int last_use_of_weights(const BackwardStep& at, int channels_end) const;

 private:
  bool last_inner(int chunk) const {
    return steps_[chunk].inner == pieces(inner_step_, above_.cout) - 1;
  }
  void plan();
  void add_tile(int pass, int tile);
  void add_grads(int pass, int tile);
  /// Chunk of the array that reads piece `inner` for a pass and tile of a convolution.
  int chunk_of(int pass, int tile, int inner) const {
    return first_chunk_[place_of(pass, tile)] + inner;
  }
  /// Of a pass and tile in `first_chunk_`.
  std::size_t place_of(int pass, int tile) const {
    return static_cast<std::size_t>(pass) * static_cast<std::size_t>(tiles_.count()) +
           static_cast<std::size_t>(tile);
  }

  const Layer& below_;
  const Layer& above_;
  FcOrder order_;
  BackwardNest nest_;
  int pass_step_, inner_step_;
  Tiling tiles_;  // of the map the layer above reads
  int soma_tiles_;
  CompletionMap complete_;
  std::vector<BackwardStep> steps_;
  std::vector<int> first_chunk_;  // by pass and tile, unless streamed
};

}  // namespace h2
