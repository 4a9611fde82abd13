#include <algorithm>
#include <atomic>
#include <cmath>

#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/spiking_lookups.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"

namespace h2 {
namespace {

/// grad-w of one layer: for 128 output channels { for the input channels that fit the GLB { for
/// tile { grad-u; spikes } grad-w read-modify-write on Mem2 } }.
class WeightGradientJob : public Job {
 public:
  WeightGradientJob(const JobContext& context, int index, bool first)
      : context_(context),
        l_(context.layer(index)),
        first_(first),
        inner_step_(context.glb->weight_update_channels[index]),
        tiles_(l_.out_h, l_.out_w, context.machine->tile),
        nest_{pieces(context.machine->weight_update.cols, l_.cout) * pieces(inner_step_, l_.cin),
              tiles_.count(), 1},
        input_(context_, index),
        spiking_(
            l_, SpikingLookups::Join::positions,
            context.machine->weight_update.lut ? context.machine->weight_update.sub_lut_inputs : 1),
        gradient_(context_, index, false),
        sum_(TensorKind::weight_gradient,
             context.weight_image(index, context.base2 + context.place(index).weight_gradient),
             context.functional()),
        kernel_(l_, context.machine->weight_update, context.machine->tile,
                context.machine->numerics) {
    name = l_.name;
    layer = index;
    macs = l_.macs() * context.batch * context.steps;
    if (context_.functional()) new_.resize(sum_.oihw.size());
  }

  int chunks() const override { return nest_.count(); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override { return context_.functional() && last(nest_.at(chunk)); }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;

 private:
  bool last(LoopNest::At at) const { return at.tile == nest_.tiles - 1; }
  Span inputs(LoopNest::At at) const {
    return piece(at.pass % pieces(inner_step_, l_.cin), inner_step_, l_.cin);
  }
  Span outputs(LoopNest::At at) const {
    return piece(at.pass / pieces(inner_step_, l_.cin), context_.machine->weight_update.cols,
                 l_.cout);
  }
  /// Calls visit(unit) for the weight units that are complete with this pass.
  template <class Visit>
  void for_complete(LoopNest::At at, Visit visit) const {
    const Span o = completed(outputs(at), 16, l_.cout), i = completed(inputs(at), 64, l_.cin);
    for (int ob = o.begin; ob < o.end; ++ob)
      for (int ib = i.begin; ib < i.end; ++ib) visit(sum_.image().unit(ob, ib));
  }

  EventCounts events(LoopNest::At at);
  int loudest_step(Span channels) const;

  JobContext context_;
  const Layer& l_;
  bool first_;
  int inner_step_;
  Tiling tiles_;
  LoopNest nest_;
  InputFeed input_;
  SpikingLookups spiking_;
  GradientFeed gradient_;
  WeightOperand sum_;
  WeightGradientArray kernel_;
  RawVector<float> new_;  // of this sub-batch, then with the sum so far
};

bool WeightGradientJob::load(int chunk, int stage, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  const Span in = inputs(at), out = outputs(at);
  const Region region = tiles_.tile(at.tile);
  if (stage == 1) {
    gradient_.want_values(region, out.begin, out.end, list);
    return false;
  }
  if (at.tile == 0) {
    input_.begin_pass();
    gradient_.begin_pass();
    sum_.begin_pass();
  }
  input_.want(receptive(l_, region), in.begin * l_.planes, in.end * l_.planes, list);
  if (gradient_.packed()) {
    gradient_.want_mask(region, out.begin, out.end, list);
  } else {
    gradient_.want_values(region, out.begin, out.end, list);
  }
  if (last(at) && !first_) for_complete(at, [&](int unit) { sum_.want(unit, list); });
  return gradient_.packed();
}

ChunkWork WeightGradientJob::work(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  const Span in = inputs(at), out = outputs(at);
  const int first = in.begin * l_.planes, end = in.end * l_.planes;
  const WeightUpdateSpec& array = context_.machine->weight_update;
  const Region region = tiles_.tile(at.tile);
  ChunkWork work;
  work.cycles = l_.kind == LayerKind::fc
                    ? weight_update_fc_chunk(array, first, end, context_.batch, context_.steps)
                    : weight_update_conv_chunk(l_, array, region, first, end, context_.batch,
                                               context_.steps, chunk == 0);
  work.executed_macs = static_cast<std::uint64_t>(context_.batch) * context_.steps * region.area() *
                       out.size() * (end - first) * l_.taps();
  work.events = events(at);
  return work;
}

EventCounts WeightGradientJob::events(LoopNest::At at) {
  const Span in = inputs(at), out = outputs(at);
  const Region region = tiles_.tile(at.tile);
  const ChunkPart part{region,         in.begin * l_.planes, in.end * l_.planes, out.size(),
                       context_.batch, context_.steps,       at.tile == 0};
  const BitMap& spikes = input_.spikes();
  const std::uint64_t spiking = spiking_.count(spikes, region, part.in0, part.in1) *
                                (context_.batch * context_.steps / spikes.maps);
  std::uint64_t merged = 0;
  if (last(at)) {
    merged =
        std::uint64_t{1} * in.size() * out.size() * l_.taps() * (l_.planes - 1 + (first_ ? 0 : 1));
  }
  return weight_gradient_events(l_, context_.machine->weight_update, part, spiking, merged);
}

void WeightGradientJob::compute(int chunk) {
  const LoopNest::At at = nest_.at(chunk);
  gradient_.settle({0, l_.out_h, 0, l_.out_w});
  const Span in = inputs(at), out = outputs(at);
  RangeCount found;
  std::atomic<std::uint64_t> underflows{0};
  constexpr int kColumns = 64;  // of output channels, to share among threads
  workers->share(pieces(kColumns, out.size()), [&](int part) {
    const Span some = piece(part, kColumns, out.size());
    underflows += kernels.run([&] {
      return kernel_.run(context_.batch, context_.steps, input_.bits(), gradient_.values(),
                         out.begin + some.begin, some.size(), in.begin, in.size(), new_.data());
    });
  });
  found.underflows = underflows;
  const Numerics numerics = context_.machine->numerics;
  kernels.run([&] {
    for_complete(at, [&](int unit) {
      if (!first_) sum_.image().add(unit, numerics, sum_.oihw.data(), new_.data());
      found.overflows += sum_.image().not_finite(unit, new_.data());
    });
  });
  if (found.overflows != 0) found.overflow_step = loudest_step(out);
  count(found);
}

/// Timestep, from 1, of the largest grad-u: a sum over all timesteps went out of range.
int WeightGradientJob::loudest_step(Span channels) const {
  const ValueMap& gradient = gradient_.values();
  float largest = -1;
  int step = 0;
  for (int map = 0; map < gradient.maps; ++map)
    for (int y = 0; y < gradient.height; ++y)
      for (int x = 0; x < gradient.width; ++x)
        for (int c = channels.begin; c < channels.end; ++c) {
          const float size = std::abs(gradient.at(map, y, x)[c]);
          if (size <= largest) continue;
          largest = size;
          step = map % context_.steps + 1;
        }
  return step;
}

void WeightGradientJob::store(int chunk, TransferList& list) {
  const LoopNest::At at = nest_.at(chunk);
  if (!last(at)) return;
  for_complete(at, [&](int unit) {
    Transfer t;
    t.write = true;
    t.kind = TensorKind::weight_gradient;
    t.halved = context_.value_bytes == 4;
    t.address = sum_.image().address(unit);
    t.bytes = sum_.image().bytes(unit);
    if (!context_.functional()) {
      list.write_timing(t);
      return;
    }
    sum_.image().encode(unit, new_.data(), list.write(t));
  });
}

}  // namespace

std::unique_ptr<Job> make_weight_gradient_job(const JobContext& context, int layer, bool first) {
  return std::make_unique<WeightGradientJob>(context, layer, first);
}

}  // namespace h2
