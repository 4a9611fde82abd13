// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "modules/arithmetic/neuron.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/spiking_lookups.h"
#include "modules/sata/buffer_plan.h"
#include "modules/sata/cycles.h"
#include "modules/sata/event_counts.h"
#include "modules/sata/sata_context.h"
#include "modules/sata/sata_input.h"
#include "modules/sata/value_array.h"

namespace h2 {
namespace {

Region unchanged(Region r) { return r; }
/// Convolution positions under a region of the pooled map.
Region under(Region r) { return {r.y0 * 2, r.y1 * 2, r.x0 * 2, r.x1 * 2}; }

/// Forward pass of one layer: for output channels { for tile { for input channels { spikes,
/// weights } LIF; store u, s, mask, pooled planes } }.
class SataForwardJob : public Job {
 public:
  SataForwardJob(const SataContext& context, int index);

  int chunks() const override { return nest_.count(); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override {
    return context_.family.functional() && last(nest_.at(chunk));
  }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  static constexpr int kWeightBlock = H2_WEIGHT_BLOCK_IN;
  bool last(LoopNest::At at) const { return at.inner == nest_.inner - 1; }
  Span channels(LoopNest::At at) const { return piece(at.pass, cut_.outputs, l_.cout); }
  Span inputs(LoopNest::At at) const { return piece(at.inner, cut_.inputs, l_.cin_star()); }
  Region tile(LoopNest::At at) const { return tiles_.tile(at.tile); }
  int maps() const { return static_cast<int>(context_.maps()); }
  void load_weights(int chunk, Span out, Span in, TransferList& list);
  void allocate();
  void sum(Region region);
  void fire(Span out, Region region);
  void count_densities();
  EventCounts events(LoopNest::At at);
  std::uint64_t done_before(LoopNest::At at) const;
  void store_bits(const TensorImage& image, const BitMap& bits, TensorKind kind, int unit,
                  TransferList& list) const;
  void store_potentials(int unit, TransferList& list) const;
  void store_pooled(LoopNest::At at, TransferList& list) const;

  const SataContext context_;
  const Layer l_;
  const SataCut cut_;
  Tiling tiles_;
  LoopNest nest_;
  std::unique_ptr<SataInput> input_;
  SpikingLookups spiking_;
  WeightOperand weights_;
  TensorImage spikes_image_, mask_image_, potential_image_, next_image_;
  CompletionMap soma_tiles_, pooled_tiles_;  // convolution tile -> what is complete with it
  Cycles whole_;
  const bool last_layer_;
  ValueMap sums_, pooled_sums_, u_;
  BitMap spikes_, mask_, planes_;
};

SataForwardJob::SataForwardJob(const SataContext& context, int index)
    : context_(context),
      l_(context_.array_layer(index)),
      cut_(cut_forward(context_.sizes(), l_, context_.producer_positions(index))),
      tiles_(l_.out_h, l_.out_w, context_.family.machine->tile),
      nest_{pieces(cut_.outputs, l_.cout), tiles_.count(), pieces(cut_.inputs, l_.cin_star())},
      input_(make_sata_input(context_, index)),
      spiking_(l_, SpikingLookups::Join::taps, 1),
      weights_(TensorKind::weight,
               context_.family.weight_image(
                   index, context_.family.base + context_.family.place(index).weights),
               context_.family.functional()),
      spikes_image_(context_.family.spikes_image(index)),
      mask_image_(context_.family.soma_image(index, context_.family.place(index).mask)),
      potential_image_(context_.family.potential_image(index)),
      next_image_(context_.family.next_image(index)),
      soma_tiles_(tiles_, spikes_image_.tiling(),
                  l_.pool == PoolMode::before_soma ? under : unchanged),
      pooled_tiles_(tiles_, next_image_.tiling(), l_.pool == PoolMode::none ? unchanged : under),
      whole_(sata_forward_cycles(context_.array, l_, context_.family.batch,
                                 context_.forward_steps(l_))),
      last_layer_(index + 1 == static_cast<int>(context_.family.layers->size())) {
  name = l_.name;
  layer = result_layer = index;
  macs = l_.macs() * context_.maps();
  room = cut_.room;
  weights_.set_reuse(Operand::Reuse::once_per_pass);
  if (context_.family.functional()) allocate();
}

void SataForwardJob::allocate() {
  const bool pooled = l_.pool == PoolMode::before_soma;
  u_ = ValueMap::raw(maps(), l_.soma_h, l_.soma_w, l_.cout);
  spikes_ = BitMap(maps(), l_.soma_h, l_.soma_w, l_.cout);
  mask_ = BitMap(maps(), l_.soma_h, l_.soma_w, l_.cout);
  sums_ = ValueMap::raw(input_->maps(), l_.out_h, l_.out_w, l_.cout);
  if (pooled) pooled_sums_ = ValueMap::raw(sums_.maps, l_.soma_h, l_.soma_w, l_.cout);
  if (l_.pool == PoolMode::after_soma) {
    planes_ = BitMap(maps(), l_.next_h, l_.next_w, l_.cout * l_.next_planes);
  }
}

/// The sums stay in the PEs; u, spikes and mask of the tile, and what pooling makes of them, are
/// results.
Job::Results SataForwardJob::results(int chunk) const {
  const LoopNest::At at = nest_.at(chunk);
  const std::uint64_t neurons = context_.maps() * tile(at).area() * channels(at).size();
  const std::uint64_t pooled = l_.pool == PoolMode::after_soma ? (neurons * 3 / 4 + 7) / 8 : 0;
  const std::uint64_t bytes = neurons * 2 + 2 * ((neurons + 7) / 8) + pooled;
  return {at.inner == 0 ? bytes : 0, last(at) ? bytes : 0};
}

bool SataForwardJob::load(int chunk, int /*stage*/, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  if (at.inner == 0 && at.tile == 0) input_->begin_pass();
  if (at.inner == 0 && (at.tile == 0 || !cut_.weights_stay)) weights_.begin_pass();
  const Span in = inputs(at), out = channels(at);
  input_->want(receptive(l_, tile(at)), in.begin, in.end, list);
  load_weights(chunk, out, {in.begin / l_.planes, (in.end - 1) / l_.planes + 1}, list);
  return false;
}

/// Weights stay for the pass, or, stored for 64 inputs, for the pieces of the tile that use them.
void SataForwardJob::load_weights(int chunk, Span out, Span in, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  for (int c = in.begin; c < in.end;) {
    const int end = std::min(l_.cin, (c / kWeightBlock + 1) * kWeightBlock);
    const int last_use = chunk - at.inner + (end * l_.planes - 1) / cut_.inputs;
    list.hold_until(cut_.weights_stay ? (at.pass + 1) * nest_.tiles * nest_.inner - 1 : last_use);
    weights_.want_range(out.begin, out.end, c, std::min(end, in.end), list);
    c = end;
  }
  list.hold_until(TransferList::kOwnChunk);
}

/// Output values times inputs of the chunks before: their share of the closed form.
std::uint64_t SataForwardJob::done_before(LoopNest::At at) const {
  const std::uint64_t positions = static_cast<std::uint64_t>(l_.out_h) * l_.out_w;
  std::uint64_t tiles = 0;
  for (int t = 0; t < at.tile; ++t) tiles += tiles_.tile(t).area();
  const std::uint64_t stars = l_.cin_star();
  const std::uint64_t width = channels(at).size();
  return (channels(at).begin * positions + width * tiles) * stars +
         width * tile(at).area() * inputs(at).begin;
}

ChunkWork SataForwardJob::work(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  const std::uint64_t all = static_cast<std::uint64_t>(l_.cout) * l_.out_h * l_.out_w *
                            static_cast<std::uint64_t>(l_.cin_star());
  const std::uint64_t end = chunk + 1 < chunks() ? done_before(nest_.at(chunk + 1)) : all;
  ChunkWork work;
  work.cycles = share_of(whole_, done_before(at), end, all);
  work.events = events(at);
  work.executed_macs = macs_of(work.events);
  if (chunk == 0) {
    const JobContext& c = context_.family;
    work.events += published_events(forward_words(l_, c.batch, c.steps, context_.input_bits()));
  }
  return work;
}

EventCounts SataForwardJob::events(LoopNest::At at) {
  const Span in = inputs(at);
  const int steps = context_.forward_steps(l_), outputs = channels(at).size();
  const BitMap& nonzero = input_->nonzero();
  const std::uint64_t maps = static_cast<std::uint64_t>(context_.family.batch) * steps;
  const SataPart part{maps, tile(at), in.size(), outputs, l_.taps()};
  const std::uint64_t bits =
      maps * receptive(l_, tile(at)).area() * in.size() * context_.input_bits();
  const std::uint64_t weights = 2U * l_.taps() * outputs * (in.size() / l_.planes);
  const std::uint64_t driven = spiking_.count(nonzero, tile(at), in.begin, in.end) *
                               (context_.family.batch * steps / nonzero.maps);
  EventCounts events = input_mac_events(context_.array, part, driven);
  events += operand_events((bits + 7) / 8, context_.folds(outputs), weights);
  if (!last(at)) return events;
  std::uint64_t potentials = 0;
  for (const int t : soma_tiles_.complete(at.tile)) {
    potentials += spikes_image_.tiling().tile(t).area();
  }
  events += neuron_events(context_.array, potentials * context_.maps() * outputs);
  return events;
}

void SataForwardJob::compute(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  const Span out = channels(at);
  if (at.tile == 0) kernels.run([&] { input_->load(weights_.oihw.data(), out.begin, out.end); });
  sum(tile(at));
  for (const int t : soma_tiles_.complete(at.tile)) fire(out, spikes_image_.tiling().tile(t));
  if (l_.pool == PoolMode::after_soma) {
    for (const int t : pooled_tiles_.complete(at.tile)) {
      const Region region = next_image_.tiling().tile(t);
      kernels.run([&] { pool_spikes(spikes_, region, out.begin, out.end, planes_); });
    }
  }
  if (chunk == chunks() - 1) count_densities();
}

void SataForwardJob::sum(Region region) {
  workers->share(region.height(), [&](int row) {
    kernels.run([&] { input_->sum(strip(region, row, region.height()), sums_); });
  });
}

void SataForwardJob::fire(Span out, Region region) {
  const Numerics numerics = context_.family.machine->numerics;
  const bool pooled = l_.pool == PoolMode::before_soma;
  count(kernels.run([&] {
    if (pooled) pool_potentials(numerics, sums_, region, out.begin, out.end, pooled_sums_);
    const ValueMap& sums = pooled ? pooled_sums_ : sums_;
    if (context_.array.ann) {
      return relu(last_layer_, sums, region, out.begin, out.end, u_, spikes_, mask_);
    }
    return soma(l_.neuron, numerics, context_.family.batch, context_.family.steps, sums, region,
                out.begin, out.end, u_, spikes_, mask_);
  }));
}

void SataForwardJob::count_densities() {
  densities.mask = density_of(mask_);
  if (l_.pool != PoolMode::after_soma) {
    densities.spikes = density_of(spikes_);
    return;
  }
  BitMap handed_on(spikes_.maps, l_.next_h, l_.next_w, l_.cout);
  pooled_mask(spikes_, {0, l_.next_h, 0, l_.next_w}, handed_on);
  densities.spikes = density_of(handed_on);
}

void SataForwardJob::store(int chunk, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  if (!last(at)) return;
  const Span blocks = completed(channels(at), 16, l_.cout);
  for (const int t : soma_tiles_.complete(at.tile)) {
    for (int b = blocks.begin; b < blocks.end; ++b) {
      const int unit = spikes_image_.unit(t, b);
      const bool ann = context_.array.ann, keeps = !context_.family.inference;
      if (!ann) store_bits(spikes_image_, spikes_, TensorKind::spike, unit, list);
      if (keeps) store_bits(mask_image_, mask_, TensorKind::mask, unit, list);
      if (keeps || ann) store_potentials(unit, list);
    }
  }
  if (l_.pool == PoolMode::after_soma) store_pooled(at, list);
}

void SataForwardJob::store_pooled(LoopNest::At at, TransferList& list) const {
  const Span done = channels(at);
  const Span planes = completed({done.begin * l_.next_planes, done.end * l_.next_planes}, 16,
                                l_.cout * l_.next_planes);
  for (const int t : pooled_tiles_.complete(at.tile)) {
    for (int b = planes.begin; b < planes.end; ++b) {
      store_bits(next_image_, planes_, TensorKind::spike, next_image_.unit(t, b), list);
    }
  }
}

void SataForwardJob::store_bits(const TensorImage& image, const BitMap& bits, TensorKind kind,
                                int unit, TransferList& list) const {
  Transfer t;
  t.write = true;
  t.kind = kind;
  t.address = image.bits_address(unit);
  t.bytes = image.bits_bytes(unit);
  if (context_.family.functional()) {
    image.encode_bits(unit, bits, list.write(t));
  } else {
    list.write_timing(t);
  }
}

/// u, or activations, dense, also where the mask is closed.
void SataForwardJob::store_potentials(int unit, TransferList& list) const {
  const int value_bytes = context_.family.value_bytes;
  Transfer t;
  t.write = true;
  t.kind = TensorKind::potential;
  t.halved = value_bytes == 4;
  t.address = potential_image_.values_address(unit, value_bytes);
  t.bytes = potential_image_.elements(unit) * value_bytes;
  if (context_.family.functional()) {
    potential_image_.encode_values(unit, value_bytes, u_, list.write(t));
  } else {
    list.write_timing(t);
  }
}

}  // namespace

std::unique_ptr<Job> make_sata_forward_job(const SataContext& context, int layer) {
  return std::make_unique<SataForwardJob>(context, layer);
}

}  // namespace h2
