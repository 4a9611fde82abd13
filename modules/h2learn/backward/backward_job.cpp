// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <vector>

#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/backward/grad_stage.h"
#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/jobs/tile_strips.h"

namespace h2 {
namespace {

/// grad-u of one layer: for 64 channels { for tile { for 16 channels of the layer above { grad-u,
/// its bitmap; weights } for Soma tile { u, spikes, mask; Grad; store grad-u, bitmap } } }.
/// Through an FC layer: one tile of flattened inputs; where all sums fit the buffer, for 16 outputs
/// { for inputs { weights } }, otherwise for 64 inputs { for outputs { weights } }.
class BackwardJob : public Job {
 public:
  BackwardJob(const JobContext& context, int index);

  int chunks() const override { return static_cast<int>(steps_.size()); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override {
    return context_.functional() && (grads(chunk) || sums_complete(chunk));
  }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  /// A chunk: array work on piece `inner` of the layer above, or Grad on a Soma tile (`soma`).
  struct Step {
    int pass, tile, inner, soma;
  };
  static constexpr int kArray = -1;
  bool through_fc() const { return above_.kind == LayerKind::fc; }
  bool flattened() const { return through_fc() && l_.kind == LayerKind::conv; }
  bool streamed() const { return order_ == FcOrder::stream; }
  bool grads(int chunk) const { return steps_[chunk].soma != kArray; }
  bool last_inner(const Step& at) const { return at.inner == inner_pieces_ - 1; }
  /// Whether the array has no further work on the sums of this chunk.
  bool sums_complete(int chunk) const { return !grads(chunk) && last_inner(steps_[chunk]); }
  /// Inputs of the layer above: channels of this layer, or flattened.
  Span inputs(const Step& at) const { return piece(at.pass, pass_step_, above_.cin); }
  Span above_channels(const Step& at) const { return piece(at.inner, inner_step_, above_.cout); }
  Region tile(const Step& at) const { return tiles_.tile(at.tile); }
  /// Channel blocks of this layer whose sums are complete with this pass.
  Span blocks(const Step& at) const;
  void plan_steps();
  void plan_sums();
  void add_grads(int pass, int tile);
  int last_of_tile(int chunk) const;
  void load_weights(int chunk, TransferList& list);
  void load_array(const Step& at, int chunk, int stage, TransferList& list);
  void begin_pass(const Step& at);
  void unflatten(Span blocks);
  ChunkWork array_work(const Step& at);
  std::uint64_t sum_bytes(const Step& at) const;

  JobContext context_;
  const Layer& l_;
  const Layer& above_;
  FcOrder order_;
  int pass_step_, inner_step_, inner_pieces_;
  Tiling tiles_;  // of the map the layer above reads
  GradientFeed gradient_;
  WeightOperand weights_;
  GradStage grad_;
  CompletionMap complete_;
  BackwardArray kernel_;
  std::optional<BackwardCounter> counter_;  // convolutions only
  BitMap pooled_open_;
  ValueMap flat_sums_;  // if the layer above reads them flattened
  std::vector<Step> steps_;
  std::vector<std::uint64_t> sums_end_;      // by chunk: bytes of sums that end with it
  std::vector<std::uint64_t> array_cycles_;  // by pass: of the tile so far, Grad hides behind them
  TileStrips<BackwardArray> strips_;
};

BackwardJob::BackwardJob(const JobContext& context, int index)
    : context_(context),
      l_(context.layer(index)),
      above_(context.layer(index + 1)),
      order_(context.glb->fc_order[index + 1]),
      pass_step_(through_fc() && streamed() ? backward_fc_step(*context.machine)
                                            : context.machine->backward.cols),
      inner_step_(context.machine->backward.rows * (through_fc() && !streamed() ? 9 : 1)),
      inner_pieces_(pieces(inner_step_, above_.cout)),
      tiles_(above_.in_h, above_.in_w, context.machine->tile),
      gradient_(context_, index + 1, true),
      weights_(TensorKind::weight,
               context.weight_image(index + 1, context.base + context.place(index + 1).weights),
               context.functional()),
      grad_(context_, index),
      complete_(tiles_, flattened() ? tiles_ : grad_.image().tiling(),
                [this](Region r) { return flattened() ? r : grad_.next_region(r); }),
      kernel_(above_, context.machine->backward, context.machine->numerics),
      strips_(kernel_, tiles_, kernels) {
  name = above_.name;
  layer = index + 1;
  result_layer = index;
  macs = above_.macs() * context.batch * context.steps;
  room = context.glb->backward_room[index + 1];
  if (!through_fc()) {
    counter_.emplace(above_, context.machine->backward, context.machine->tile);
  }
  if (through_fc() ? order_ != FcOrder::text : context.machine->halo == Halo::free) {
    gradient_.set_reuse(Operand::Reuse::once_per_pass);
  }
  if (flattened() && context.functional()) {
    flat_sums_ = ValueMap::raw(context.batch * context.steps, above_.in_h, above_.in_w, above_.cin);
  }
  if (l_.pool == PoolMode::after_soma) {
    pooled_open_ = BitMap(context.batch * context.steps, l_.next_h, l_.next_w, l_.cout);
  }
  if (!streamed()) weights_.set_reuse(Operand::Reuse::once_per_pass);
  plan_steps();
  plan_sums();
}

void BackwardJob::plan_steps() {
  const int passes = pieces(pass_step_, above_.cin);
  array_cycles_.assign(passes, 0);
  if (streamed()) {
    for (int inner = 0; inner < inner_pieces_; ++inner) {
      for (int pass = 0; pass < passes; ++pass) {
        steps_.push_back({pass, 0, inner, kArray});
        if (inner == inner_pieces_ - 1) add_grads(pass, 0);
      }
    }
    return;
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (int tile = 0; tile < tiles_.count(); ++tile) {
      for (int inner = 0; inner < inner_pieces_; ++inner) {
        steps_.push_back({pass, tile, inner, kArray});
      }
      add_grads(pass, tile);
    }
  }
}

void BackwardJob::add_grads(int pass, int tile) {
  if (blocks({pass, tile, 0, 0}).size() == 0) return;
  if (!flattened()) {
    for (const int soma : complete_.complete(tile)) steps_.push_back({pass, tile, 0, soma});
    return;
  }
  for (int soma = 0; soma < grad_.image().tiling().count(); ++soma) {
    steps_.push_back({pass, tile, 0, soma});
  }
}

/// Last chunk of the pass and tile of `chunk`, Grad included.
int BackwardJob::last_of_tile(int chunk) const {
  int last = chunk;
  while (last + 1 < chunks() && steps_[last + 1].pass == steps_[chunk].pass &&
         steps_[last + 1].tile == steps_[chunk].tile) {
    ++last;
  }
  return last;
}

Span BackwardJob::blocks(const Step& at) const {
  Span done = inputs(at);
  if (flattened()) {
    const int positions = l_.next_h * l_.next_w;
    done = {done.begin / positions, done.end / positions};
  }
  return completed(done, 16, l_.cout);
}

bool BackwardJob::load(int chunk, int stage, TransferList& list) {
  const Step& at = steps_[chunk];
  if (!grads(chunk)) {
    load_array(at, chunk, stage, list);
    return stage == 0 && gradient_.packed();
  }
  if (stage == 0) {
    grad_.want_mask(at.soma, blocks(at), list);
    return true;
  }
  grad_.want_state(at.soma, blocks(at), list);
  return false;
}

void BackwardJob::load_array(const Step& at, int chunk, int stage, TransferList& list) {
  const Span in = inputs(at), out = above_channels(at);
  const Region fed = fed_by(above_, tile(at));
  if (stage == 1) return gradient_.want_values(fed, out.begin, out.end, list);
  if (at.inner == 0 && at.tile == 0 && !through_fc()) gradient_.begin_pass();
  if (at.inner == 0 && !through_fc()) {
    grad_.begin_pass();
    list.hold_until(last_of_tile(chunk));
    grad_.want_mask(grad_.soma_region(tile(at)), in.begin, in.end, list);
    list.hold_until(TransferList::kOwnChunk);
  }
  if (through_fc() && order_ != FcOrder::text) list.hold_until(chunks() - 1);
  gradient_.want_mask(fed, out.begin, out.end, list);
  if (!gradient_.packed()) gradient_.want_values(fed, out.begin, out.end, list);
  list.hold_until(TransferList::kOwnChunk);
  load_weights(chunk, list);
}

/// Weights are stored for 16 channels of the layer above: those that the next chunks of the tile
/// use too stay.
void BackwardJob::load_weights(int chunk, TransferList& list) {
  const Step& at = steps_[chunk];
  const Span in = inputs(at), out = above_channels(at);
  if (streamed()) return weights_.want_range(out.begin, out.end, in.begin, in.end, list);
  if (at.inner == 0) weights_.begin_pass();
  for (int c = out.begin; c < out.end;) {
    const int block_end = (c / 16 + 1) * 16;
    const int last_use = (std::min(block_end, above_.cout) - 1) / inner_step_;
    list.hold_until(chunk - at.inner + last_use);
    weights_.want_range(c, std::min(block_end, out.end), in.begin, in.end, list);
    c = block_end;
  }
  list.hold_until(TransferList::kOwnChunk);
}

ChunkWork BackwardJob::array_work(const Step& at) {
  const Span in = inputs(at), out = above_channels(at);
  const BackwardSpec& array = context_.machine->backward;
  const std::uint64_t samples = static_cast<std::uint64_t>(context_.batch) * context_.steps;
  const ChunkPart part{tile(at),       in.begin,       in.end,       out.size(),
                       context_.batch, context_.steps, at.inner == 0};
  ChunkWork work;
  if (through_fc()) {
    for (int co = out.begin; co < out.end; co += array.rows) {
      const int end = std::min(co + array.rows, out.end);
      work.cycles.array +=
          pieces(array.cols, in.size()) *
          backward_fc_chunk(array, co, end, context_.batch, context_.steps, false).total();
    }
    work.executed_macs = samples * in.size() * out.size();
    work.events = backward_events(above_, context_.machine->backward, part,
                                  {work.executed_macs, samples * in.size(), 0});
    return work;
  }
  if (at.inner == 0) {
    const bool pooled = l_.pool == PoolMode::after_soma;
    if (pooled) pooled_mask(grad_.open(), tile(at), pooled_open_);
    counter_->outputs(pooled ? pooled_open_ : grad_.open(), tile(at), in.begin, in.end);
  }
  gradient_.settle(fed_by(above_, tile(at)));
  counter_->inputs(gradient_.nonzero(), tile(at), out.begin, out.end);
  const BackwardWork counted = counter_->count();
  work.cycles = counted.cycles;
  work.executed_macs = counted.executed_macs;
  std::uint64_t mask_bits = 0;
  if (at.inner == 0) mask_bits = samples * grad_.soma_region(tile(at)).area() * in.size();
  work.events = backward_events(above_, context_.machine->backward, part,
                                {counted.executed_macs, counted.open_outputs, mask_bits});
  return work;
}

/// Grad's time beyond that of the array for the tile falls into the tile's first Grad chunk.
ChunkWork BackwardJob::work(int chunk) {
  const Step& at = steps_[chunk];
  if (!grads(chunk)) {
    const ChunkWork work = array_work(at);
    array_cycles_[at.pass] += work.cycles.array;
    return work;
  }
  ChunkWork work;
  const Span ready = blocks(at);
  const std::uint64_t positions = static_cast<std::uint64_t>(context_.batch) * context_.steps *
                                  grad_.image().tiling().tile(at.soma).area();
  work.events = grad_events(positions * (std::min(ready.end * 16, l_.cout) - ready.begin * 16));
  if (grads(chunk - 1)) return work;
  const Region next = flattened() ? Region{0, l_.next_h, 0, l_.next_w} : tile(at);
  const std::uint64_t outputs = static_cast<std::uint64_t>(context_.batch) * context_.steps *
                                grad_.soma_region(next).area() *
                                pieces(context_.machine->backward.cols, blocks(at).size() * 16);
  work.cycles.drain = grad_drain(context_.machine->backward, outputs, array_cycles_[at.pass]);
  array_cycles_[at.pass] = 0;
  return work;
}

void BackwardJob::compute(int chunk) {
  const Step& at = steps_[chunk];
  if (!grads(chunk)) {
    if (at.tile == 0) begin_pass(at);
    strips_.compute(at.pass, at.tile, *workers, gradient_.values());
    if (flattened()) unflatten(blocks(at));
  } else {
    count(grad_.run(at.soma, blocks(at), kernels));
  }
  if (chunk == chunks() - 1) densities.gradient = grad_.density();
}

/// With the first tile the weights of the pass are there.
void BackwardJob::begin_pass(const Step& at) {
  const Span in = inputs(at);
  kernels.run([&] { kernel_.load(weights_.oihw.data(), in.begin, in.size()); });
  strips_.begin_pass(at.pass, *workers, flattened() ? flat_sums_ : grad_.sums(), in.begin);
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
  const Step& at = steps_[chunk];
  if (grads(chunk)) grad_.store(at.soma, blocks(at), list);
}

/// Partial sums of the chunk's pass and tile.
std::uint64_t BackwardJob::sum_bytes(const Step& at) const {
  const std::uint64_t sums = static_cast<std::uint64_t>(inputs(at).size()) * tile(at).area() *
                             context_.batch * context_.steps;
  return sums * 2 * (through_fc() ? 1 : partial_sum_copies(*context_.machine));
}

/// Sums last until Grad has taken those of the tile, or of whole channel blocks; its own results
/// until they are stored.
Job::Results BackwardJob::results(int chunk) const {
  const Step& at = steps_[chunk];
  Results r;
  r.end = sums_end_[chunk];
  if (!grads(chunk)) {
    if (at.inner == 0) r.begin = sum_bytes(at);
    return r;
  }
  r.begin = grad_.bytes(at.soma, blocks(at));
  r.end += r.begin;
  return r;
}

void BackwardJob::plan_sums() {
  sums_end_.assign(steps_.size(), 0);
  std::uint64_t pending = 0;
  for (int chunk = 0; chunk < chunks(); ++chunk) {
    const Step& at = steps_[chunk];
    if (sums_complete(chunk)) pending += sum_bytes(at);
    const bool more = chunk + 1 < chunks() && grads(chunk + 1);
    if (more || (!grads(chunk) && (!last_inner(at) || flattened()))) continue;
    sums_end_[chunk] = pending;
    pending = 0;
  }
}

}  // namespace

std::unique_ptr<Job> make_backward_job(const JobContext& context, int layer) {
  return std::make_unique<BackwardJob>(context, layer);
}

}  // namespace h2
