// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <vector>

#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/backward/backward_cycles.h"
#include "modules/h2learn/backward/backward_steps.h"
#include "modules/h2learn/backward/grad_stage.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/layer_job.h"
#include "modules/h2learn/jobs/tile_strips.h"

namespace h2 {
namespace {

/// grad-u of one layer, in the order of BackwardSteps. The array reads grad-u of the layer above,
/// its bitmap and the weights; Grad reads u, spikes and mask and stores grad-u and its bitmap.
class BackwardJob : public LayerJob {
 public:
  BackwardJob(const JobContext& context, int index);

  int chunks() const override { return steps_.count(); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override {
    return context_.functional() && (grads(chunk) || steps_.sums_complete(chunk));
  }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  bool through_fc() const { return steps_.through_fc(); }
  bool grads(int chunk) const { return steps_[chunk].grads(); }
  void plan_sums();
  void load_weights(int chunk, TransferList& list);
  void begin_scopes(const BackwardStep& at);
  void want_gradient(const BackwardStep& at, bool values, TransferList& list);
  void load_array(int chunk, int stage, TransferList& list);
  void begin_pass(const BackwardStep& at);
  void compute_in_turn(const BackwardStep& at);
  void unflatten(Span blocks);
  ChunkWork array_work(const BackwardStep& at);
  ChunkWork fc_work(const BackwardStep& at);
  ChunkWork grad_work(int chunk);
  ChunkPart part(const BackwardStep& at) const;
  std::uint64_t sum_bytes(const BackwardStep& at) const;

  const Layer& above_;
  GradientFeed gradient_;
  WeightOperand weights_;
  GradStage grad_;
  BackwardSteps steps_;
  BackwardArray kernel_;
  std::optional<BackwardCounter> counter_;  // convolutions only
  BitMap pooled_open_;
  ValueMap flat_sums_;  // if the layer above reads them flattened
  /// Passes of the operands since which what stays is there.
  std::uint32_t gradient_since_ = 1, weights_since_ = 1;
  std::vector<std::uint64_t> sums_end_;      // by chunk: bytes of sums that end with it
  std::vector<std::uint64_t> array_cycles_;  // by pass: of the tile so far, Grad hides behind them
  TileStrips<BackwardArray> strips_;
};

BackwardJob::BackwardJob(const JobContext& context, int index)
    : LayerJob(context, index + 1, index, context.glb->backward_room[index + 1]),
      above_(context.layer(index + 1)),
      gradient_(context_, index + 1, true),
      weights_(TensorKind::weight,
               context.weight_image(index + 1, context.base + context.place(index + 1).weights),
               context.functional()),
      grad_(context_, index),
      steps_(*context.machine, l_, above_, context.glb->fc_order[index + 1],
             context.glb->backward_nest[index + 1], grad_.image().tiling(),
             [this](Region r) { return grad_.next_region(r); }),
      kernel_(above_, context.machine->backward, context.machine->numerics),
      array_cycles_(steps_.passes()),
      strips_(kernel_, steps_.tiles(), kernels) {
  macs = dense_macs();
  if (!through_fc()) {
    counter_.emplace(above_, context.machine->backward, context.machine->tile, steps_.passes() > 1);
  }
  if (steps_.vectors_stay()) gradient_.set_reuse(Operand::Reuse::once_per_pass);
  if (steps_.flattened() && context.functional()) {
    flat_sums_ = ValueMap::raw(maps(), above_.in_h, above_.in_w, above_.inputs());
  }
  if (l_.pool == PoolMode::after_soma) {
    pooled_open_ = BitMap(maps(), l_.next_h, l_.next_w, l_.cout);
  }
  if (!steps_.streamed()) weights_.set_reuse(Operand::Reuse::once_per_pass);
  plan_sums();
}

bool BackwardJob::load(int chunk, int stage, TransferList& list) {
  const BackwardStep& at = steps_[chunk];
  if (!grads(chunk)) {
    load_array(chunk, stage, list);
    return stage == 0 && gradient_.packed();
  }
  if (stage == 0) {
    grad_.want_mask(at.soma, steps_.blocks(at), list);
    return true;
  }
  grad_.want_state(at.soma, steps_.blocks(at), list);
  return false;
}

void BackwardJob::load_array(int chunk, int stage, TransferList& list) {
  const BackwardStep& at = steps_[chunk];
  if (stage == 1) return want_gradient(at, true, list);
  const Span in = steps_.inputs(at);
  if (at.inner == 0 && !through_fc()) {
    begin_scopes(at);
    grad_.begin_pass();
    list.hold_until(steps_.last_of_tile(chunk));
    grad_.want_mask(grad_.soma_region(steps_.tile(at)), in.begin, in.end, list);
    list.hold_until(TransferList::kOwnChunk);
  }
  if (steps_.vectors_stay()) list.hold_until(chunks() - 1);
  want_gradient(at, false, list);
  list.hold_until(TransferList::kOwnChunk);
  load_weights(chunk, list);
}

void BackwardJob::begin_scopes(const BackwardStep& at) {
  const bool begins = steps_.begins_outer(at), by_tile = steps_.nest().tile_outermost;
  if (begins) gradient_.begin_pass();
  weights_.begin_pass();
  if (begins && by_tile) gradient_since_ = gradient_.pass();
  if (begins && !by_tile) weights_since_ = weights_.pass();
}

/// The bitmap, and the values unless they wait for it.
void BackwardJob::want_gradient(const BackwardStep& at, bool values, TransferList& list) {
  const Region fed = fed_by(above_, steps_.tile(at));
  const auto want = [&](int begin, int end) {
    if (begin >= end) return;
    if (!values) gradient_.want_mask(fed, begin, end, list);
    if (values || !gradient_.packed()) gradient_.want_values(fed, begin, end, list);
  };
  const Span out = steps_.above_channels(at);
  if (through_fc()) return want(out.begin, out.end);
  const int stay = std::clamp(steps_.nest().gradient_channels, out.begin, out.end);
  gradient_.keep_since(gradient_since_);
  list.hold_until(steps_.last_use_of_gradient(at, stay));
  want(out.begin, stay);
  const bool free = context_.machine->halo == Halo::free;
  gradient_.keep_since(free ? gradient_.pass() : Operand::kNothing);
  list.hold_until(TransferList::kOwnChunk);
  want(stay, out.end);
}

/// Weights are stored for 16 channels of the layer above: those that the next chunks of the tile
/// use too stay, and what the nest keeps.
void BackwardJob::load_weights(int chunk, TransferList& list) {
  const BackwardStep& at = steps_[chunk];
  const Span in = steps_.inputs(at), out = steps_.above_channels(at);
  if (steps_.streamed()) return weights_.want_range(out.begin, out.end, in.begin, in.end, list);
  if (at.inner == 0 && through_fc()) weights_.begin_pass();
  for (int c = out.begin; c < out.end;) {
    const int block_end = (c / 16 + 1) * 16;
    const bool stay = c < steps_.nest().weight_channels;
    const int last_use = (std::min(block_end, above_.cout) - 1) / steps_.inner_step();
    list.hold_until(stay ? steps_.last_use_of_weights(at, block_end) : chunk - at.inner + last_use);
    weights_.keep_since(stay ? weights_since_ : weights_.pass());
    weights_.want_range(c, std::min(block_end, out.end), in.begin, in.end, list);
    c = block_end;
  }
  list.hold_until(TransferList::kOwnChunk);
}

ChunkPart BackwardJob::part(const BackwardStep& at) const {
  const Span in = steps_.inputs(at), out = steps_.above_channels(at);
  return {steps_.tile(at), in.begin,       in.end,       out.size(),
          context_.batch,  context_.steps, at.inner == 0};
}

ChunkWork BackwardJob::fc_work(const BackwardStep& at) {
  const Span in = steps_.inputs(at), out = steps_.above_channels(at);
  const BackwardSpec& array = context_.machine->backward;
  ChunkWork work;
  for (int co = out.begin; co < out.end; co += array.rows) {
    const int end = std::min(co + array.rows, out.end);
    work.cycles.array +=
        pieces(array.cols, in.size()) *
        backward_fc_chunk(array, co, end, context_.batch, context_.steps, false).total();
  }
  work.executed_macs = over_maps(in.size()) * out.size();
  work.events =
      backward_events(above_, array, part(at), {work.executed_macs, over_maps(in.size()), 0});
  return work;
}

ChunkWork BackwardJob::array_work(const BackwardStep& at) {
  const Span in = steps_.inputs(at), out = steps_.above_channels(at);
  const Region tile = steps_.tile(at);
  if (at.inner == 0) {
    const bool pooled = l_.pool == PoolMode::after_soma;
    if (pooled) pooled_mask(grad_.open(), tile, pooled_open_);
    counter_->outputs(pooled ? pooled_open_ : grad_.open(), tile, in.begin, in.end);
  }
  gradient_.settle(fed_by(above_, tile));
  counter_->inputs(gradient_.nonzero(), tile, out.begin, out.end);
  const BackwardWork counted = counter_->count();
  ChunkWork work;
  work.cycles = counted.cycles;
  work.executed_macs = counted.executed_macs;
  std::uint64_t mask_bits = 0;
  if (at.inner == 0) mask_bits = over_maps(grad_.soma_region(tile).area()) * in.size();
  work.events = backward_events(above_, context_.machine->backward, part(at),
                                {counted.executed_macs, counted.open_outputs, mask_bits});
  return work;
}

ChunkWork BackwardJob::work(int chunk) {
  const BackwardStep& at = steps_[chunk];
  if (at.grads()) return grad_work(chunk);
  const ChunkWork work = through_fc() ? fc_work(at) : array_work(at);
  array_cycles_[at.pass] += work.cycles.array;
  return work;
}

/// Grad's time beyond that of the array for the tile falls into the tile's first Grad chunk.
ChunkWork BackwardJob::grad_work(int chunk) {
  const BackwardStep& at = steps_[chunk];
  ChunkWork work;
  const Span ready = steps_.blocks(at);
  const std::uint64_t positions = over_maps(grad_.image().tiling().tile(at.soma).area());
  work.events = grad_events(positions * (std::min(ready.end * 16, l_.cout) - ready.begin * 16),
                            l_.neuron.surrogate);
  if (grads(chunk - 1)) return work;
  const Region next = steps_.flattened() ? Region{0, l_.next_h, 0, l_.next_w} : steps_.tile(at);
  const std::uint64_t outputs = over_maps(grad_.soma_region(next).area()) *
                                pieces(context_.machine->backward.cols, ready.size() * 16);
  work.cycles.drain = grad_drain(context_.machine->backward, outputs, array_cycles_[at.pass]);
  array_cycles_[at.pass] = 0;
  return work;
}

void BackwardJob::compute(int chunk) {
  const BackwardStep& at = steps_[chunk];
  if (!grads(chunk)) {
    if (steps_.nest().tile_outermost) {
      compute_in_turn(at);
    } else {
      if (at.tile == 0) begin_pass(at);
      strips_.compute(at.pass, at.tile, *workers, gradient_.values());
    }
    if (steps_.flattened()) unflatten(steps_.blocks(at));
  } else {
    count(grad_.run(at.soma, steps_.blocks(at), kernels));
  }
  if (chunk == chunks() - 1 && !l_.normalised()) densities.gradient = grad_.density();
}

void BackwardJob::compute_in_turn(const BackwardStep& at) {
  const Span in = steps_.inputs(at);
  kernels.run([&] { kernel_.load(weights_.oihw.data(), in.begin, in.size()); });
  strips_.compute_in_turn(at.pass == 0, at.tile, *workers, gradient_.values(), grad_.sums(),
                          in.begin);
}

/// With the first tile the weights of the pass are there.
void BackwardJob::begin_pass(const BackwardStep& at) {
  const Span in = steps_.inputs(at);
  kernels.run([&] { kernel_.load(weights_.oihw.data(), in.begin, in.size()); });
  strips_.begin_pass(at.pass, *workers, steps_.flattened() ? flat_sums_ : grad_.sums(), in.begin);
}

/// Of 16 channels at a time: what Grad reads together is written together.
void BackwardJob::unflatten(Span blocks) {
  const int positions = l_.next_h * l_.next_w;
  ValueMap& sums = grad_.sums();
  for (int map = 0; map < flat_sums_.maps; ++map) {
    for (int block = blocks.begin; block < blocks.end; ++block) {
      const int first = block * 16, last = std::min(first + 16, l_.cout);
      const float* from = flat_sums_.at(map, 0, 0) + static_cast<std::size_t>(first) * positions;
      float* to = sums.at(map, 0, 0) + first;
      for (int position = 0; position < positions; ++position, to += sums.channels) {
        for (int c = 0; c < last - first; ++c) {
          to[c] = from[static_cast<std::size_t>(c) * positions + position];
        }
      }
    }
  }
}

void BackwardJob::store(int chunk, TransferList& list) {
  const BackwardStep& at = steps_[chunk];
  if (grads(chunk)) grad_.store(at.soma, steps_.blocks(at), list);
}

/// Partial sums of the chunk's pass and tile.
std::uint64_t BackwardJob::sum_bytes(const BackwardStep& at) const {
  const std::uint64_t sums = over_maps(steps_.inputs(at).size()) * steps_.tile(at).area();
  return sums * 2 * (through_fc() ? 1 : partial_sum_copies(*context_.machine));
}

/// Sums last until Grad has taken those of the tile, or of whole channel blocks; its own results
/// until they are stored.
Job::Results BackwardJob::results(int chunk) const {
  const BackwardStep& at = steps_[chunk];
  Results r;
  r.end = sums_end_[chunk];
  if (!grads(chunk)) {
    if (at.inner == 0) r.begin = sum_bytes(at);
    return r;
  }
  r.begin = grad_.bytes(at.soma, steps_.blocks(at));
  r.end += r.begin;
  return r;
}

void BackwardJob::plan_sums() {
  sums_end_.assign(chunks(), 0);
  std::uint64_t pending = 0;
  for (int chunk = 0; chunk < chunks(); ++chunk) {
    if (steps_.sums_complete(chunk)) pending += sum_bytes(steps_[chunk]);
    if (!steps_.sums_end(chunk)) continue;
    sums_end_[chunk] = pending;
    pending = 0;
  }
}

}  // namespace

std::unique_ptr<Job> make_backward_job(const JobContext& context, int layer) {
  return std::make_unique<BackwardJob>(context, layer);
}

}  // namespace h2
