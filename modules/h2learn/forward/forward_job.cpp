// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/arithmetic/neuron.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/jobs/tile_strips.h"
#include "modules/h2learn/spiking_lookups.h"

namespace h2 {
namespace {

Region same(Region r) { return r; }
/// Convolution positions under a region of the pooled map.
Region children(Region r) { return {r.y0 * 2, r.y1 * 2, r.x0 * 2, r.x1 * 2}; }

/// Forward pass of one layer: for 16 output channels { for tile { for 64 input channels { spikes,
/// weights } Soma; store u, s, mask, pooled planes } }. FC: one tile, inputs in larger pieces.
class ForwardJob : public Job {
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
  void plan_kept();
  void load_weights(int chunk, TransferList& list);
  static constexpr int kWeightBlock = H2_WEIGHT_BLOCK_IN;
  bool fc() const { return l_.kind == LayerKind::fc; }
  bool last(LoopNest::At at) const { return at.inner == nest_.inner - 1; }
  Span channels(LoopNest::At at) const {
    return piece(at.pass, context_.machine->forward.cols, l_.cout);
  }
  Span inputs(LoopNest::At at) const { return piece(at.inner, inner_step_, l_.cin_star()); }
  Region tile(LoopNest::At at) const { return conv_tiles_.tile(at.tile); }
  void allocate();
  /// Whether the input stays in the buffer after its first read (fully connected layers).
  bool resident() const { return context_.glb->forward_resident[layer]; }
  /// Whether Soma does not take the arrays' sums as they are.
  bool summed_apart() const {
    return l_.pool == PoolMode::before_soma ||
           input_.bits().maps != context_.batch * context_.steps;
  }
  void begin_pass(LoopNest::At at);
  void inject_fault(Span channels);
  void fire(Span channels, Region region);
  void pool(Span channels, int conv_tile);
  void count_densities();
  EventCounts events(LoopNest::At at, int steps);
  void store_bits(const TensorImage& image, const BitMap& bits, TensorKind kind, int unit,
                  TransferList& list);
  void store_unit(int unit, TransferList& list);

  JobContext context_;
  const Layer& l_;
  int inner_step_;
  Tiling conv_tiles_;
  LoopNest nest_;
  InputFeed input_;
  SpikingLookups spiking_;
  WeightOperand weights_;
  TensorImage spikes_image_, mask_image_, potential_image_, next_image_;
  CompletionMap soma_tiles_, pooled_tiles_;  // conv tile -> what is complete with it
  ForwardArray kernel_;
  ValueMap sums_, pooled_sums_;  // if summed_apart(); otherwise Soma turns the sums in u_ into u
  ValueMap u_;
  BitMap spikes_, mask_, planes_;
  /// By convolution tile: pooled positions that it adds to those in the buffer, and those that are
  /// stored behind it.
  std::vector<std::uint64_t> kept_, stored_;
  TileStrips<ForwardArray> strips_;
};

ForwardJob::ForwardJob(const JobContext& context, int index)
    : context_(context),
      l_(context.layer(index)),
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
      spikes_image_(context.spikes_image(index)),
      mask_image_(context.soma_image(index, context.place(index).mask)),
      potential_image_(context.soma_image(index, context.place(index).potential)),
      next_image_(context.next_image(index)),
      soma_tiles_(conv_tiles_, spikes_image_.tiling(),
                  l_.pool == PoolMode::before_soma ? children : same),
      pooled_tiles_(conv_tiles_, next_image_.tiling(), l_.pool == PoolMode::none ? same : children),
      kernel_(l_, context.machine->forward, context.machine->numerics,
              context.fault ? Evaluation::table : Evaluation::fast),
      strips_(kernel_, conv_tiles_, kernels) {
  name = l_.name;
  layer = result_layer = index;
  macs = l_.macs() * context.batch * context.steps;
  room = context.glb->forward_room[index];
  weights_.set_reuse(Operand::Reuse::once_per_pass);
  if (resident() || context.machine->halo == Halo::free) {
    input_.set_reuse(Operand::Reuse::once_per_pass);
  }
  plan_kept();
  if (context_.functional()) allocate();
}

/// Pooled spikes or potentials of a tile stay until the last pooled tile that they belong to is
/// complete.
void ForwardJob::plan_kept() {
  kept_.assign(conv_tiles_.count(), 0);
  stored_ = kept_;
  if (l_.pool == PoolMode::none) return;
  const CompletionMap& done = l_.pool == PoolMode::before_soma ? soma_tiles_ : pooled_tiles_;
  const Tiling& tiling = next_image_.tiling();
  std::vector<int> completed(tiling.count());
  for (int t = 0; t < conv_tiles_.count(); ++t) {
    for (const int pooled : done.complete(t)) completed[pooled] = t;
  }
  for (int t = 0; t < conv_tiles_.count(); ++t) {
    const Region r = conv_tiles_.tile(t);
    const Region pooled{r.y0 / 2, r.y1 / 2, r.x0 / 2, r.x1 / 2};
    kept_[t] = pooled.area();
    int last = t;
    for (const int p : tiling.touching(pooled)) last = std::max(last, completed[p]);
    stored_[last] += kept_[t];
  }
}

/// Partial sums become u in place; spikes and mask come with it, and what pooling makes of them.
Job::Results ForwardJob::results(int chunk) const {
  const LoopNest::At at = nest_.at(chunk);
  const std::uint64_t maps =
      static_cast<std::uint64_t>(channels(at).size()) * context_.batch * context_.steps;
  const std::uint64_t neurons = maps * tile(at).area();
  const std::uint64_t own = neurons * 2 + 2 * ((neurons + 7) / 8);
  const std::uint64_t pooled = l_.pool == PoolMode::before_soma ? maps * 2 + 2 * ((maps + 7) / 8)
                                                                : (maps * l_.next_planes + 7) / 8;
  Results r;
  if (at.inner == 0) r.begin = own + kept_[at.tile] * pooled;
  if (last(at)) r.end = own + stored_[at.tile] * pooled;
  return r;
}

void ForwardJob::allocate() {
  const int maps = context_.batch * context_.steps;
  u_ = ValueMap::raw(maps, l_.soma_h, l_.soma_w, l_.cout);
  spikes_ = BitMap(maps, l_.soma_h, l_.soma_w, l_.cout);
  mask_ = BitMap(maps, l_.soma_h, l_.soma_w, l_.cout);
  if (l_.pool == PoolMode::after_soma) {
    planes_ = BitMap(maps, l_.next_h, l_.next_w, l_.cout * l_.next_planes);
  }
  if (!summed_apart()) return;
  sums_ = ValueMap::raw(input_.bits().maps, l_.out_h, l_.out_w, l_.cout);
  if (l_.pool == PoolMode::before_soma) {
    pooled_sums_ = ValueMap::raw(sums_.maps, l_.soma_h, l_.soma_w, l_.cout);
  }
}

bool ForwardJob::load(int chunk, int, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  if (at.inner == 0) {
    weights_.begin_pass();
    if (at.tile == 0 && !resident()) input_.begin_pass();
  }
  const Span in = inputs(at);
  if (resident()) list.hold_until(chunks() - 1);
  input_.want(receptive(l_, tile(at)), in.begin, in.end, list);
  list.hold_until(TransferList::kOwnChunk);
  load_weights(chunk, list);
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
  std::uint64_t outputs = static_cast<std::uint64_t>(context_.batch) * context_.steps;
  if (fc()) {
    work.cycles = forward_fc_chunk(array, in.begin, in.end, context_.batch, steps, last(at));
  } else {
    outputs = static_cast<std::uint64_t>(context_.batch) * steps * tile(at).area();
    work.cycles = forward_conv_chunk(l_, array, tile(at), in.begin, in.end, context_.batch, steps,
                                     last(at), context_.steps);
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
  const ChunkPart part{tile(at), in.begin, in.end, outputs, context_.batch, steps, at.inner == 0};
  EventCounts events = forward_events(l_, context_.machine->forward, part, spiking);
  if (!last(at)) return events;
  std::uint64_t potentials = 0;
  for (const int soma_tile : soma_tiles_.complete(at.tile)) {
    potentials += spikes_image_.tiling().tile(soma_tile).area();
  }
  events += soma_events(potentials * context_.batch * context_.steps * outputs);
  return events;
}

void ForwardJob::compute(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  const Span out = channels(at);
  if (at.tile == 0) begin_pass(at);
  strips_.compute(at.pass, at.tile, *workers, input_.bits());
  for (const int soma_tile : soma_tiles_.complete(at.tile)) {
    fire(out, spikes_image_.tiling().tile(soma_tile));
  }
  if (l_.pool == PoolMode::after_soma) pool(out, at.tile);
  if (chunk == chunks() - 1) count_densities();
}

/// With the first tile the weights of the pass are there.
void ForwardJob::begin_pass(LoopNest::At at) {
  const Span out = channels(at);
  kernels.run([&] { kernel_.load(weights_.oihw.data(), out.begin, out.size()); });
  inject_fault(out);
  strips_.begin_pass(at.pass, *workers, summed_apart() ? sums_ : u_, out.begin);
}

void ForwardJob::count_densities() {
  densities.mask = density_of(mask_);
  if (l_.pool != PoolMode::after_soma) {
    densities.spikes = density_of(spikes_);
    return;
  }
  BitMap handed_on(spikes_.maps, l_.next_h, l_.next_w, l_.cout);
  pooled_mask(spikes_, {0, l_.next_h, 0, l_.next_w}, handed_on);
  densities.spikes = density_of(handed_on);
}

void ForwardJob::inject_fault(Span out) {
  if (!context_.fault || context_.fault->layer != layer) return;
  const LutFault& f = *context_.fault;
  if (f.channel < out.begin || f.channel >= out.end) return;
  kernel_.corrupt(f.channel - out.begin, f.input, f.table, f.entry, f.bit);
}

void ForwardJob::fire(Span out, Region region) {
  const Numerics numerics = context_.machine->numerics;
  const bool pooled = l_.pool == PoolMode::before_soma;
  const ValueMap& sums = pooled ? pooled_sums_ : summed_apart() ? sums_ : u_;
  count(kernels.run([&] {
    if (pooled) pool_potentials(numerics, sums_, region, out.begin, out.end, pooled_sums_);
    return soma(context_.neuron, numerics, context_.batch, context_.steps, sums, region, out.begin,
                out.end, u_, spikes_, mask_);
  }));
}

void ForwardJob::pool(Span out, int conv_tile) {
  for (const int pooled_tile : pooled_tiles_.complete(conv_tile)) {
    const Region region = next_image_.tiling().tile(pooled_tile);
    kernels.run([&] { pool_spikes(spikes_, region, out.begin, out.end, planes_); });
  }
}

void ForwardJob::store(int chunk, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  if (!last(at)) return;
  const Span blocks = completed(channels(at), 16, l_.cout);
  for (const int soma_tile : soma_tiles_.complete(at.tile)) {
    for (int b = blocks.begin; b < blocks.end; ++b) {
      store_unit(spikes_image_.unit(soma_tile, b), list);
    }
  }
  if (l_.pool != PoolMode::after_soma) return;
  const Span done = channels(at);
  const Span planes = completed({done.begin * l_.next_planes, done.end * l_.next_planes}, 16,
                                l_.cout * l_.next_planes);
  for (const int pooled_tile : pooled_tiles_.complete(at.tile)) {
    for (int b = planes.begin; b < planes.end; ++b) {
      store_bits(next_image_, planes_, TensorKind::spike, next_image_.unit(pooled_tile, b), list);
    }
  }
}

void ForwardJob::store_bits(const TensorImage& image, const BitMap& bits, TensorKind kind, int unit,
                            TransferList& list) {
  Transfer t;
  t.write = true;
  t.kind = kind;
  t.address = image.bits_address(unit);
  t.bytes = image.bits_bytes(unit);
  if (context_.functional()) {
    image.encode_bits(unit, bits, list.write(t));
  } else {
    list.write_timing(t);
  }
}

void ForwardJob::store_unit(int unit, TransferList& list) {
  store_bits(spikes_image_, spikes_, TensorKind::spike, unit, list);
  if (context_.inference) return;
  store_bits(mask_image_, mask_, TensorKind::mask, unit, list);
  const BitMap& open = context_.functional() ? mask_ : context_.masks->open(layer);
  Transfer t;
  t.write = true;
  t.kind = TensorKind::potential;
  t.halved = context_.value_bytes == 4;
  t.address = potential_image_.values_address(unit, context_.value_bytes);
  const std::uint64_t count =
      fc() ? potential_image_.elements(unit) : potential_image_.count(unit, open);
  t.bytes = count * context_.value_bytes;
  if (!context_.functional()) {
    list.write_timing(t);
  } else if (fc()) {
    potential_image_.encode_values(unit, context_.value_bytes, u_, list.write(t));
  } else {
    potential_image_.encode_packed(unit, context_.value_bytes, mask_, u_, list.write(t));
  }
}

}  // namespace

std::unique_ptr<Job> make_forward_job(const JobContext& context, int layer) {
  return std::make_unique<ForwardJob>(context, layer);
}

}  // namespace h2
