#include <algorithm>
#include <optional>

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
/// its bitmap; weights } u, spikes, mask; Grad; store grad-u, bitmap } }. Through an FC layer: one
/// tile of flattened inputs, grad-u channels of the layer above in larger pieces.
class BackwardJob : public Job {
 public:
  BackwardJob(const JobContext& context, int index);

  int chunks() const override { return nest_.count(); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override { return context_.functional() && last(nest_.at(chunk)); }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;

 private:
  bool through_fc() const { return above_.kind == LayerKind::fc; }
  bool flattened() const { return through_fc() && l_.kind == LayerKind::conv; }
  bool last(LoopNest::At at) const { return at.inner == nest_.inner - 1; }
  /// Inputs of the layer above: channels of this layer, or flattened.
  Span inputs(LoopNest::At at) const {
    return piece(at.pass, context_.machine->backward.cols, above_.cin);
  }
  Span above_channels(LoopNest::At at) const { return piece(at.inner, inner_step_, above_.cout); }
  Region tile(LoopNest::At at) const { return tiles_.tile(at.tile); }
  /// Channel blocks of this layer whose sums are complete with this pass.
  Span blocks(LoopNest::At at) const;
  /// Region of the handed-on map that Grad works on with this tile.
  Region next_region(LoopNest::At at) const {
    return flattened() ? Region{0, l_.next_h, 0, l_.next_w} : tile(at);
  }
  void begin_pass(LoopNest::At at);
  void unflatten(Span blocks);
  ChunkWork array_work(LoopNest::At at);

  JobContext context_;
  const Layer& l_;
  const Layer& above_;
  int inner_step_;
  Tiling tiles_;  // of the map the layer above reads
  LoopNest nest_;
  GradientFeed gradient_;
  WeightOperand weights_;
  GradStage grad_;
  CompletionMap complete_;
  BackwardArray kernel_;
  std::optional<BackwardCounter> counter_;  // convolutions only
  BitMap pooled_open_;
  ValueMap flat_sums_;             // if the layer above reads them flattened
  std::uint64_t tile_cycles_ = 0;  // array cycles of the tile so far, behind which Grad hides
  TileStrips<BackwardArray> strips_;
};

BackwardJob::BackwardJob(const JobContext& context, int index)
    : context_(context),
      l_(context.layer(index)),
      above_(context.layer(index + 1)),
      inner_step_(context.machine->backward.rows * (through_fc() ? 9 : 1)),
      tiles_(above_.in_h, above_.in_w, context.machine->tile),
      nest_{pieces(context.machine->backward.cols, above_.cin), tiles_.count(),
            pieces(inner_step_, above_.cout)},
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
  if (!through_fc()) {
    counter_.emplace(above_, context.machine->backward, context.machine->tile);
  }
  if (flattened() && context.functional()) {
    flat_sums_ = ValueMap::raw(context.batch * context.steps, above_.in_h, above_.in_w, above_.cin);
  }
  if (l_.pool == PoolMode::after_soma) {
    pooled_open_ = BitMap(context.batch * context.steps, l_.next_h, l_.next_w, l_.cout);
  }
}

Span BackwardJob::blocks(LoopNest::At at) const {
  Span done = inputs(at);
  if (flattened()) {
    const int positions = l_.next_h * l_.next_w;
    done = {done.begin / positions, done.end / positions};
  }
  return completed(done, 16, l_.cout);
}

bool BackwardJob::load(int chunk, int stage, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  const Span in = inputs(at), out = above_channels(at), ready = blocks(at);
  const Region fed = fed_by(above_, tile(at));
  const Region soma = grad_.soma_region(next_region(at));
  const bool values_first = !gradient_.packed();
  if (stage == 0) {
    if (at.inner == 0) {
      weights_.begin_pass();
      if (at.tile == 0) {
        gradient_.begin_pass();
        grad_.begin_pass();
      }
      if (!flattened()) grad_.want_mask(soma, in.begin, in.end, list);
    }
    if (last(at) && ready.size() > 0) {
      grad_.want_mask(soma, ready.begin * 16, std::min(ready.end * 16, l_.cout), list);
    }
    gradient_.want_mask(fed, out.begin, out.end, list);
    if (values_first) gradient_.want_values(fed, out.begin, out.end, list);
    weights_.want_range(out.begin, out.end, in.begin, in.end, list);
    return !values_first || (last(at) && ready.size() > 0);
  }
  if (!values_first) gradient_.want_values(fed, out.begin, out.end, list);
  if (last(at) && ready.size() > 0) {
    grad_.want_state(soma, ready.begin * 16, std::min(ready.end * 16, l_.cout), list);
  }
  return false;
}

ChunkWork BackwardJob::array_work(LoopNest::At at) {
  const Span in = inputs(at), out = above_channels(at);
  const std::uint64_t samples = static_cast<std::uint64_t>(context_.batch) * context_.steps;
  const ChunkPart part{tile(at),       in.begin,       in.end,       out.size(),
                       context_.batch, context_.steps, at.inner == 0};
  ChunkWork work;
  if (through_fc()) {
    for (int co = out.begin; co < out.end; co += context_.machine->backward.rows) {
      const int end = std::min(co + context_.machine->backward.rows, out.end);
      work.cycles.array += backward_fc_chunk(context_.machine->backward, co, end, context_.batch,
                                             context_.steps, false)
                               .total();
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

ChunkWork BackwardJob::work(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  ChunkWork work = array_work(at);
  if (at.inner == 0) tile_cycles_ = 0;
  tile_cycles_ += work.cycles.array;
  if (last(at) && blocks(at).size() > 0) {
    const std::uint64_t outputs = static_cast<std::uint64_t>(context_.batch) * context_.steps *
                                  grad_.soma_region(next_region(at)).area();
    work.cycles.drain = grad_drain(context_.machine->backward, outputs, tile_cycles_);
    const Span ready = blocks(at);
    work.events += grad_events(outputs * (std::min(ready.end * 16, l_.cout) - ready.begin * 16));
  }
  return work;
}

void BackwardJob::compute(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  if (at.tile == 0) begin_pass(at);
  strips_.compute(at.pass, at.tile, *workers, gradient_.values());
  const Span ready = blocks(at);
  if (flattened()) unflatten(ready);
  if (ready.size() > 0) count(grad_.run(next_region(at), ready, kernels));
  if (chunk == chunks() - 1) densities.gradient = grad_.density();
}

/// With the first tile the weights of the pass are there.
void BackwardJob::begin_pass(LoopNest::At at) {
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
  const LoopNest::At at = nest_.at(chunk);
  const Span ready = blocks(at);
  if (!last(at) || ready.size() == 0) return;
  if (flattened()) {
    for (int t = 0; t < grad_.image().tiling().count(); ++t) grad_.store(t, ready, list);
    return;
  }
  for (const int tile : complete_.complete(at.tile)) grad_.store(tile, ready, list);
}

}  // namespace

std::unique_ptr<Job> make_backward_job(const JobContext& context, int layer) {
  return std::make_unique<BackwardJob>(context, layer);
}

}  // namespace h2
