// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <deque>

#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/layer_job.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/spiking_lookups.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "modules/h2learn/weight_update/weight_update_cycles.h"

namespace h2 {
namespace {

/// Vectors of a sub-batch, or maps.
struct GradientOperands {
  GradientOperands(const JobContext& c, int index)
      : GradientOperands(c, index, c.input_image(index), c.array_gradient_image(index)) {}
  GradientOperands(const JobContext& c, int index, const TensorImage& input_image,
                   const TensorImage& gradient_image)
      : context(c),
        input(context, index, input_image),
        spiking(context.layer(index), SpikingLookups::Join::positions,
                c.machine->weight_update.lut ? c.machine->weight_update.sub_lut_inputs : 1),
        gradient(context, index, false, gradient_image) {}

  JobContext context;
  InputFeed input;
  SpikingLookups spiking;
  GradientFeed gradient;
};

/// grad-w of one layer: for 128 output channels { for the input channels that fit the GLB { for
/// tile { grad-u; spikes } grad-w read-modify-write on Mem2 } }. Of a grouped layer the sub-batches
/// of the group take the place of the tiles, and grad-w is only written.
class WeightGradientJob : public LayerJob {
 public:
  WeightGradientJob(const JobContext& context, int index, bool first,
                    const std::vector<KeptVectors>& kept)
      : LayerJob(context, index, index, context.glb->weight_update_room[index]),
        first_(first),
        inner_step_(context.glb->weight_update_channels[index]),
        tiles_(l_.out_h, l_.out_w, context.machine->tile),
        sum_(TensorKind::weight_gradient,
             context.weight_image(index, context.base2 + context.place(index).weight_gradient),
             context.functional()),
        kernel_(l_, context.machine->weight_update, context.machine->tile,
                context.machine->numerics) {
    for (const KeptVectors& v : kept) add_kept(v);
    operands_.emplace_back(context_, index);
    for (GradientOperands& o : operands_) {
      macs += l_.macs() * o.context.batch * o.context.steps;
      if (!resident() && context.machine->halo != Halo::free) continue;
      o.input.set_reuse(Operand::Reuse::once_per_pass);
      o.gradient.set_reuse(Operand::Reuse::once_per_pass);
    }
    plan_steps();
    if (!context_.functional()) return;
    new_.resize(sum_.oihw.size());
    if (l_.grouped) total_.resize(sum_.oihw.size());
  }

  int chunks() const override { return static_cast<int>(steps_.size()); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override {
    return context_.functional() && (merges(chunk) || l_.grouped || last(steps_[chunk]));
  }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  /// A chunk: array work on a tile (or sub-batch), or the read-modify-write of 16 of the pass's
  /// outputs (`merge`).
  struct Step {
    int pass, tile, merge;
  };
  static constexpr int kArray = -1;
  /// Fully connected: the vectors are read once and stay.
  bool resident() const { return context_.glb->weight_update_resident[layer]; }
  bool merges(int chunk) const { return steps_[chunk].merge != kArray; }
  bool last(const Step& at) const { return at.merge == kArray && at.tile == tiles() - 1; }
  int tiles() const { return l_.grouped ? static_cast<int>(operands_.size()) : tiles_.count(); }
  Region region(const Step& at) const { return tiles_.tile(l_.grouped ? 0 : at.tile); }
  GradientOperands& operands(const Step& at) { return operands_[l_.grouped ? at.tile : 0]; }
  void add_kept(const KeptVectors& vectors);
  void plan_steps();
  /// Read-modify-writes of a pass, and some of them.
  int merge_count(int pass) const {
    return pieces(kMergeOutputs, outputs({pass, 0, kArray}).size());
  }
  void add_merges(int pass, Span some);
  Span inputs(const Step& at) const {
    return piece(at.pass % pieces(inner_step_, l_.cin), inner_step_, l_.cin);
  }
  Span outputs(const Step& at) const {
    return piece(at.pass / pieces(inner_step_, l_.cin), context_.machine->weight_update.cols,
                 l_.cout);
  }
  /// The outputs of a read-modify-write.
  Span merged(const Step& at) const {
    const Span all = outputs(at);
    const Span some = piece(at.merge, kMergeOutputs, all.size());
    return {all.begin + some.begin, all.begin + some.end};
  }
  /// Calls visit(unit) for the weight units that are complete with this read-modify-write.
  template <class Visit>
  void for_complete(const Step& at, Visit visit) const {
    const Span o = completed(merged(at), 16, l_.cout), i = completed(inputs(at), 64, l_.cin);
    for (int ob = o.begin; ob < o.end; ++ob)
      for (int ib = i.begin; ib < i.end; ++ib) visit(sum_.image().unit(ob, ib));
  }

  const float* result() const { return l_.grouped ? total_.data() : new_.data(); }
  EventCounts events(const Step& at);
  std::uint64_t sum_bytes(const Step& at, Span out) const;
  void merge(const Step& at);
  void add_to_total(const Step& at);

  bool first_;
  int inner_step_;
  Tiling tiles_;
  std::vector<Step> steps_;
  std::deque<GradientOperands>
      operands_;  // of this sub-batch, in a grouped layer behind those before it
  WeightOperand sum_;
  WeightGradientArray kernel_;
  RawVector<float> new_;    // of this sub-batch, then with the sum so far
  RawVector<float> total_;  // of a grouped layer, so far
};

void WeightGradientJob::add_kept(const KeptVectors& v) {
  JobContext kept = context_;
  kept.batch = v.samples;
  kept.masks = v.masks;
  operands_.emplace_back(kept, layer, TensorImage(v.input, kept.input_image(layer).map()),
                         TensorImage(v.gradient, kept.gradient_image(layer).map()));
}

/// Where the buffer holds grad-w twice, the sums of a pass are read, added to and written in steps
/// between the tiles of the next one, so that the array need not wait for them.
void WeightGradientJob::plan_steps() {
  const int passes =
      pieces(context_.machine->weight_update.cols, l_.cout) * pieces(inner_step_, l_.cin);
  const bool twice = 2 * sum_bytes({0, 0, kArray}, outputs({0, 0, kArray})) <= room.results;
  const int count = tiles();
  for (int pass = 0; pass < passes; ++pass) {
    for (int tile = 0; tile < count; ++tile) {
      steps_.push_back({pass, tile, kArray});
      if (!twice || pass == 0) continue;
      // All but the last tile, so that the room for the pass after this one is there in time.
      const int some = pieces(std::max(1, count - 1), merge_count(pass - 1));
      add_merges(pass - 1, piece(tile, some, merge_count(pass - 1)));
    }
    if (!twice || pass + 1 == passes) add_merges(pass, {0, merge_count(pass)});
  }
}

void WeightGradientJob::add_merges(int pass, Span some) {
  for (int m = some.begin; m < some.end; ++m) steps_.push_back({pass, tiles() - 1, m});
}

/// grad-w of `out` for the inputs of a pass.
std::uint64_t WeightGradientJob::sum_bytes(const Step& at, Span out) const {
  return static_cast<std::uint64_t>(out.size()) * inputs(at).size() * l_.taps() * 2;
}

bool WeightGradientJob::load(int chunk, int stage, TransferList& list) {
  const Step& at = steps_[chunk];
  if (at.merge != kArray) {
    if (!first_) for_complete(at, [&](int unit) { sum_.want(unit, list); });
    return false;
  }
  const Span in = inputs(at), out = outputs(at);
  const Region tile = region(at);
  InputFeed& input = operands(at).input;
  GradientFeed& gradient = operands(at).gradient;
  if (resident()) list.hold_until(chunks() - 1);
  if (stage == 1) {
    gradient.want_values(tile, out.begin, out.end, list);
    return false;
  }
  if ((at.tile == 0 || l_.grouped) && !resident()) {
    input.begin_pass();
    gradient.begin_pass();
  }
  input.want(receptive(l_, tile), in.begin * l_.planes, in.end * l_.planes, list);
  if (gradient.packed()) {
    gradient.want_mask(tile, out.begin, out.end, list);
  } else {
    gradient.want_values(tile, out.begin, out.end, list);
  }
  return gradient.packed();
}

ChunkWork WeightGradientJob::work(int chunk) {
  const Step& at = steps_[chunk];
  ChunkWork work;
  if (at.merge != kArray) return work;
  const Span in = inputs(at), out = outputs(at);
  const int first = in.begin * l_.planes, end = in.end * l_.planes;
  const WeightUpdateSpec& array = context_.machine->weight_update;
  const Region tile = region(at);
  const JobContext& of = operands(at).context;
  work.cycles =
      l_.kind == LayerKind::fc
          ? weight_update_fc_chunk(array, first, end, of.batch, of.steps)
          : weight_update_conv_chunk(l_, array, tile, first, end, of.batch, of.steps, chunk == 0);
  work.executed_macs =
      std::uint64_t{1} * of.batch * of.steps * tile.area() * out.size() * (end - first) * l_.taps();
  work.events = events(at);
  return work;
}

EventCounts WeightGradientJob::events(const Step& at) {
  const Span in = inputs(at), out = outputs(at);
  const Region tile = region(at);
  GradientOperands& from = operands(at);
  const JobContext& of = from.context;
  ChunkPart part{tile,     in.begin * l_.planes,      in.end * l_.planes, out.size(), of.batch,
                 of.steps, at.tile == 0 || l_.grouped};
  part.operands = from.input.kind();
  const BitMap& spikes = from.input.spikes();
  const std::uint64_t spiking =
      from.spiking.count(spikes, tile, part.in0, part.in1) * (of.batch * of.steps / spikes.maps);
  std::uint64_t merged = 0;
  if (l_.grouped || last(at)) {
    const bool adds = l_.grouped ? at.tile > 0 : !first_;
    merged = std::uint64_t{1} * in.size() * out.size() * l_.taps() * (l_.planes - 1 + adds);
  }
  return weight_gradient_events(l_, context_.machine->weight_update, part, spiking, merged);
}

/// grad-w of the pass is in the buffer from its first tile until it is stored, 16 outputs at a
/// time.
Job::Results WeightGradientJob::results(int chunk) const {
  const Step& at = steps_[chunk];
  Results r;
  if (at.merge == kArray && at.tile == 0) r.begin = sum_bytes(at, outputs(at));
  if (at.merge != kArray) r.end = sum_bytes(at, merged(at));
  return r;
}

void WeightGradientJob::compute(int chunk) {
  const Step& at = steps_[chunk];
  if (at.merge != kArray) return merge(at);
  GradientOperands& from = operands(at);
  from.gradient.settle({0, l_.out_h, 0, l_.out_w});
  const Span in = inputs(at), out = outputs(at);
  RangeCount found;
  std::atomic<std::uint64_t> underflows{0};
  constexpr int kColumns = 64;  // of output channels, to share among threads
  workers->share(pieces(kColumns, out.size()), [&](int part) {
    const Span some = piece(part, kColumns, out.size());
    underflows += kernels.run([&] {
      return kernel_.run(from.context.batch, from.context.steps, from.input.bits(),
                         from.gradient.values(), out.begin + some.begin, some.size(), in.begin,
                         in.size(), new_.data());
    });
  });
  if (l_.bias && in.end == l_.cin) {
    keep_constant_gradient(l_, context_.machine->numerics, out.begin, out.end, new_.data());
  }
  if (l_.grouped) add_to_total(at);
  found.underflows = underflows;
  count(found);
}

/// In the order of the sub-batches, as if each were added to the sum in memory.
void WeightGradientJob::add_to_total(const Step& at) {
  const Span in = inputs(at), out = outputs(at);
  const VectorOps& ops = selected_ops(context_.machine->numerics);
  kernels.run([&] {
    for (int o = out.begin; o < out.end; ++o) {
      const std::size_t begin = static_cast<std::size_t>(o) * l_.cin + in.begin;
      const auto count = static_cast<std::size_t>(in.size());
      if (at.tile > 0) {
        ops.add(new_.data() + begin, total_.data() + begin, count);
      } else {
        std::copy_n(new_.data() + begin, count, total_.data() + begin);
      }
    }
  });
}

void WeightGradientJob::merge(const Step& at) {
  RangeCount found;
  const Numerics numerics = context_.machine->numerics;
  kernels.run([&] {
    for_complete(at, [&](int unit) {
      if (!first_) sum_.image().add(unit, numerics, sum_.oihw.data(), new_.data());
      found.overflows += sum_.image().not_finite(unit, result());
    });
  });
  count(found);  // of no timestep: the sum is over all of them
}

void WeightGradientJob::store(int chunk, TransferList& list) {
  const Step& at = steps_[chunk];
  if (at.merge == kArray) return;
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
    sum_.image().encode(unit, result(), list.write(t));
  });
}

}  // namespace

std::unique_ptr<Job> make_weight_gradient_job(const JobContext& context, int layer, bool first) {
  return std::make_unique<WeightGradientJob>(context, layer, first, std::vector<KeptVectors>());
}

std::unique_ptr<Job> make_group_gradient_job(const JobContext& context, int layer,
                                             const std::vector<KeptVectors>& kept) {
  return std::make_unique<WeightGradientJob>(context, layer, true, kept);
}

}  // namespace h2
