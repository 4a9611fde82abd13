// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/backward_steps.h"

namespace h2 {

BackwardSteps::BackwardSteps(const Machine& machine, const Layer& below, const Layer& above,
                             FcOrder order, const BackwardNest& nest, const Tiling& soma,
                             const std::function<Region(Region)>& needs)
    : below_(below),
      above_(above),
      order_(order),
      nest_(nest),
      pass_step_(through_fc() && streamed() ? backward_fc_step(machine) : machine.backward.cols),
      inner_step_(machine.backward.rows * (through_fc() && !streamed() ? 9 : 1)),
      tiles_(above.in_h, above.in_w, machine.tile),
      soma_tiles_(soma.count()),
      complete_(tiles_, flattened() ? tiles_ : soma,
                [&](Region r) { return flattened() ? r : needs(r); }) {
  plan();
}

void BackwardSteps::plan() {
  const int inner_pieces = pieces(inner_step_, above_.cout);
  constexpr int kArray = BackwardStep::kArray;
  if (streamed()) {
    for (int inner = 0; inner < inner_pieces; ++inner) {
      for (int pass = 0; pass < passes(); ++pass) {
        steps_.push_back({pass, 0, inner, kArray});
        if (inner == inner_pieces - 1) add_grads(pass, 0);
      }
    }
    return;
  }
  first_chunk_.assign(place_of(passes(), 0), 0);
  const int outer = nest_.tile_outermost ? tiles_.count() : passes();
  const int inner = nest_.tile_outermost ? passes() : tiles_.count();
  for (int o = 0; o < outer; ++o) {
    for (int i = 0; i < inner; ++i) {
      add_tile(nest_.tile_outermost ? i : o, nest_.tile_outermost ? o : i);
    }
  }
}

void BackwardSteps::add_tile(int pass, int tile) {
  first_chunk_[place_of(pass, tile)] = count();
  for (int inner = 0; inner < pieces(inner_step_, above_.cout); ++inner) {
    steps_.push_back({pass, tile, inner, BackwardStep::kArray});
  }
  add_grads(pass, tile);
}

/// In the tile's last pass, or in the job's last pass and tile. Stored blocks have 16 channels.
int BackwardSteps::last_use_of_gradient(const BackwardStep& at, int channels_end) const {
  const int last = std::min((channels_end + 15) / 16 * 16, above_.cout) - 1;
  const int tile = nest_.tile_outermost ? at.tile : tiles_.count() - 1;
  return chunk_of(passes() - 1, tile, std::max(last, 0) / inner_step_);
}

/// In the last tile: of the pass, or of the last pass that shares the stored block of 64 inputs.
int BackwardSteps::last_use_of_weights(const BackwardStep& at, int channels_end) const {
  const int inner = (std::min(channels_end, above_.cout) - 1) / inner_step_;
  const int inputs_end = std::min((inputs(at).end + 63) / 64 * 64, above_.inputs());
  const int pass = nest_.tile_outermost ? (inputs_end - 1) / pass_step_ : at.pass;
  return chunk_of(pass, tiles_.count() - 1, inner);
}

void BackwardSteps::add_grads(int pass, int tile) {
  if (blocks({pass, tile, 0, 0}).size() == 0) return;
  if (!flattened()) {
    for (const int soma : complete_.complete(tile)) steps_.push_back({pass, tile, 0, soma});
    return;
  }
  for (int soma = 0; soma < soma_tiles_; ++soma) steps_.push_back({pass, tile, 0, soma});
}

int BackwardSteps::last_of_tile(int chunk) const {
  int last = chunk;
  while (last + 1 < count() && steps_[last + 1].pass == steps_[chunk].pass &&
         steps_[last + 1].tile == steps_[chunk].tile) {
    ++last;
  }
  return last;
}

Span BackwardSteps::blocks(const BackwardStep& at) const {
  Span done = inputs(at);
  if (flattened()) {
    const int positions = below_.next_h * below_.next_w;
    done = {done.begin / positions, done.end / positions};
  }
  return completed(done, 16, below_.cout);
}

bool BackwardSteps::sums_end(int chunk) const {
  if (chunk + 1 < count() && steps_[chunk + 1].grads()) return false;
  return steps_[chunk].grads() || (last_inner(chunk) && !flattened());
}

}  // namespace h2
