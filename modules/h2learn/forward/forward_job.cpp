// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/h2learn/forward/currents_stage.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/forward/forward_cycles.h"
#include "modules/h2learn/forward/soma_stage.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/layer_job.h"
#include "modules/h2learn/jobs/tile_strips.h"
#include "modules/h2learn/spiking_lookups.h"

namespace h2 {
namespace {

/// What follows the arrays.
std::unique_ptr<SumsStage> make_sums_stage(const JobContext& context, int layer,
                                           const Tiling& conv_tiles, int sum_maps) {
  if (context.layer(layer).normalised() && !context.inference) {
    return std::make_unique<CurrentsStage>(context, layer, conv_tiles);
  }
  return std::make_unique<SomaStage>(context, layer, conv_tiles, sum_maps);
}

/// Forward pass of one layer: for 16 output channels { for tile { for 64 input channels { spikes,
/// weights } Soma; store u, s, mask, pooled planes } }. FC: one tile, inputs in larger pieces.
class ForwardJob : public LayerJob {
 public:
  ForwardJob(const JobContext& context, int index);

  int chunks() const override { return nest_.count(); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override { return context_.functional() && last(nest_.at(chunk)); }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  void load_weights(int chunk, TransferList& list);
  static constexpr int kWeightBlock = H2_WEIGHT_BLOCK_IN;
  bool fc() const { return l_.kind == LayerKind::fc; }
  bool last(LoopNest::At at) const { return at.inner == nest_.inner - 1; }
  Span channels(LoopNest::At at) const {
    return piece(at.pass, context_.machine->forward.cols, l_.cout);
  }
  Span inputs(LoopNest::At at) const { return piece(at.inner, inner_step_, l_.cin_star()); }
  Region tile(LoopNest::At at) const { return conv_tiles_.tile(at.tile); }
  /// Whether the input stays in the buffer after its first read (fully connected layers).
  bool resident() const { return context_.glb->forward_resident[layer]; }
  void begin_pass(LoopNest::At at);
  void inject_fault(Span channels);
  EventCounts events(LoopNest::At at, int steps);

  int inner_step_;
  Tiling conv_tiles_;
  LoopNest nest_;
  InputFeed input_;
  SpikingLookups spiking_;
  WeightOperand weights_;
  std::unique_ptr<SumsStage> sums_;
  ForwardArray kernel_;
  TileStrips<ForwardArray> strips_;
};

ForwardJob::ForwardJob(const JobContext& context, int index)
    : LayerJob(context, index, index, context.glb->forward_room[index]),
      inner_step_(fc() ? forward_fc_step(*context.machine) : context.machine->forward.rows),
      conv_tiles_(l_.out_h, l_.out_w, context.machine->tile),
      nest_{pieces(context.machine->forward.cols, l_.cout), conv_tiles_.count(),
            pieces(inner_step_, l_.cin_star())},
      input_(context_, index),
      spiking_(l_, SpikingLookups::Join::taps,
               context.machine->forward.lut ? context.machine->forward.sub_lut_inputs : 1),
      weights_(TensorKind::weight,
               context.weight_image(index, context.base + context.place(index).weights),
               context.functional()),
      sums_(make_sums_stage(context_, index, conv_tiles_, input_.bits().maps)),
      kernel_(l_, context.machine->forward, context.machine->numerics,
              context.fault ? Evaluation::table : Evaluation::fast),
      strips_(kernel_, conv_tiles_, kernels) {
  macs = dense_macs();
  weights_.set_reuse(Operand::Reuse::once_per_pass);
  if (resident() || context.machine->halo == Halo::free) {
    input_.set_reuse(Operand::Reuse::once_per_pass);
  }
}

Job::Results ForwardJob::results(int chunk) const {
  const LoopNest::At at = nest_.at(chunk);
  Results r;
  if (at.inner == 0) r.begin = sums_->bytes(at.tile, channels(at).size());
  if (last(at)) r.end = sums_->stored_bytes(at.tile, channels(at).size());
  return r;
}

bool ForwardJob::load(int chunk, int, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  if (at.inner == 0) {
    weights_.begin_pass();
    if (at.tile == 0 && !resident()) input_.begin_pass();
  }
  const Span in = inputs(at);
  if (chunk == 0) {
    list.hold_until(chunks() - 1);
    sums_->want_constants(list);
    list.hold_until(TransferList::kOwnChunk);
  }
  if (resident()) list.hold_until(chunks() - 1);
  input_.want(receptive(l_, tile(at)), in.begin, in.end, list);
  list.hold_until(TransferList::kOwnChunk);
  load_weights(chunk, list);
  if (last(at)) sums_->want_added(at.tile, channels(at), list);
  return false;
}

/// Weights are stored for 64 channels: those that the next chunks of the tile use too stay.
void ForwardJob::load_weights(int chunk, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  const Span in = inputs(at), out = channels(at);
  const int begin = in.begin / l_.planes, end = (in.end - 1) / l_.planes + 1;
  for (int c = begin; c < end;) {
    const int block_end = (c / kWeightBlock + 1) * kWeightBlock;
    const int last_use = (std::min(block_end, l_.cin) * l_.planes - 1) / inner_step_;
    list.hold_until(chunk - at.inner + last_use);
    weights_.want_range(out.begin, out.end, c, std::min(block_end, end), list);
    c = block_end;
  }
  list.hold_until(TransferList::kOwnChunk);
}

ChunkWork ForwardJob::work(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  const Span in = inputs(at);
  const ForwardSpec& array = context_.machine->forward;
  const int steps = l_.encoding && context_.static_once ? 1 : context_.steps;
  ChunkWork work;
  std::uint64_t outputs = maps();
  if (fc()) {
    work.cycles = forward_fc_chunk(array, in.begin, in.end, context_.batch, steps, last(at));
  } else {
    outputs = static_cast<std::uint64_t>(context_.batch) * steps * tile(at).area();
    work.cycles = forward_conv_chunk(l_, array, tile(at), in.begin, in.end, context_.batch, steps,
                                     last(at), sums_->steps());
  }
  work.executed_macs = outputs * channels(at).size() * in.size() * l_.taps();
  work.events = events(at, steps);
  return work;
}

EventCounts ForwardJob::events(LoopNest::At at, int steps) {
  const Span in = inputs(at);
  const int outputs = channels(at).size();
  const BitMap& spikes = input_.spikes();
  const std::uint64_t spiking =
      spiking_.count(spikes, tile(at), in.begin, in.end) * (context_.batch * steps / spikes.maps);
  ChunkPart part{tile(at), in.begin, in.end, outputs, context_.batch, steps, at.inner == 0};
  part.operands = input_.kind();
  EventCounts events = forward_events(l_, context_.machine->forward, part, spiking);
  if (!last(at)) return events;
  events += sums_->events(at.tile, outputs);
  return events;
}

void ForwardJob::compute(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  const Span out = channels(at);
  if (at.tile == 0) begin_pass(at);
  strips_.compute(at.pass, at.tile, *workers, input_.bits());
  count(sums_->run(at.tile, out, kernels));
  if (chunk == chunks() - 1) densities = sums_->densities();
}

/// With the first tile the weights of the pass are there.
void ForwardJob::begin_pass(LoopNest::At at) {
  const Span out = channels(at);
  kernels.run([&] { kernel_.load(weights_.oihw.data(), out.begin, out.size()); });
  inject_fault(out);
  strips_.begin_pass(at.pass, *workers, sums_->sums(), out.begin);
}

void ForwardJob::inject_fault(Span out) {
  if (!context_.fault || context_.fault->layer != layer) return;
  const LutFault& f = *context_.fault;
  if (f.channel < out.begin || f.channel >= out.end) return;
  kernel_.corrupt(f.channel - out.begin, f.input, f.table, f.entry, f.bit);
}

void ForwardJob::store(int chunk, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  if (last(at)) sums_->store(at.tile, channels(at), list);
}

}  // namespace

std::unique_ptr<Job> make_forward_job(const JobContext& context, int layer) {
  return std::make_unique<ForwardJob>(context, layer);
}

}  // namespace h2
