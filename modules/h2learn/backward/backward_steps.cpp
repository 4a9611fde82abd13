// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/backward_steps.h"

namespace h2 {

BackwardSteps::BackwardSteps(const Machine& machine, const Layer& below, const Layer& above,
                             FcOrder order, const Tiling& soma,
                             const std::function<Region(Region)>& needs)
    : below_(below),
      above_(above),
      order_(order),
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
  for (int pass = 0; pass < passes(); ++pass) {
    for (int tile = 0; tile < tiles_.count(); ++tile) {
      for (int inner = 0; inner < inner_pieces; ++inner) {
        steps_.push_back({pass, tile, inner, kArray});
      }
      add_grads(pass, tile);
    }
  }
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
