// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/spiking_lookups.h"
#include "modules/sata/buffer_plan.h"
#include "modules/sata/cycles.h"
#include "modules/sata/event_counts.h"
#include "modules/sata/sata_context.h"
#include "modules/sata/sata_input.h"

namespace h2 {
namespace {

/// grad-w of one layer: for output channels { for input channels { for tile { grad-u; spikes }
/// grad-w, a few blocks at a time, read, added to and written } }.
class SataWeightGradientJob : public Job {
 public:
  SataWeightGradientJob(const SataContext& context, int index, bool first);

  int chunks() const override { return static_cast<int>(steps_.size()); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override {
    return context_.family.functional() && (merges(chunk) || last_tile(steps_[chunk]));
  }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  /// A chunk: array work on a tile, or the read-modify-write of some units of the pass (`merge`).
  struct Step {
    int pass, tile;
    bool merge;
    Span units;          ///< of units_[pass]
    std::uint64_t done;  ///< sums times positions of the chunks before
  };
  bool merges(int chunk) const { return steps_[chunk].merge; }
  bool last_tile(const Step& at) const { return !at.merge && at.tile == tiles_.count() - 1; }
  Span outputs(int pass) const {
    return piece(pass / pieces(cut_.inputs, l_.cin), cut_.outputs, l_.cout);
  }
  Span inputs(int pass) const {
    return piece(pass % pieces(cut_.inputs, l_.cin), cut_.inputs, l_.cin);
  }
  std::uint64_t sums(int pass) const {
    return static_cast<std::uint64_t>(outputs(pass).size()) * inputs(pass).size() * l_.taps();
  }
  void plan_pass(int pass);
  void add_merges(int pass);
  EventCounts events(const Step& at);
  void merge(const Step& at);
  int loudest_step(Span channels) const;

  const SataContext context_;
  const Layer l_;
  const bool first_;
  const SataCut cut_;
  Tiling tiles_;
  std::vector<Step> steps_;
  std::vector<std::vector<int>> units_;  // by pass: blocks of weights that it completes
  std::unique_ptr<SataInput> input_;
  SpikingLookups spiking_;
  GradientFeed gradient_;
  WeightOperand sum_;
  Cycles whole_;
  std::uint64_t all_ = 0;
  RawVector<float> new_;  // of this sub-batch, then with the sum so far
};

SataWeightGradientJob::SataWeightGradientJob(const SataContext& context, int index, bool first)
    : context_(context),
      l_(context_.array_layer(index)),
      first_(first),
      cut_(cut_weight_gradient(context_.sizes(), l_, context_.producer_positions(index))),
      tiles_(l_.out_h, l_.out_w, context_.family.machine->tile),
      input_(make_sata_input(context_, index)),
      spiking_(l_, SpikingLookups::Join::taps, 1),
      gradient_(context_.family, index, false),
      sum_(TensorKind::weight_gradient,
           context_.family.weight_image(
               index, context_.family.base2 + context_.family.place(index).weight_gradient),
           context_.family.functional()),
      whole_(sata_weight_gradient_cycles(context_.array, l_, context_.family.batch,
                                         context_.family.steps)) {
  name = l_.name;
  layer = index;
  macs = l_.macs() * context_.maps();
  room = cut_.room;
  const int passes = pieces(cut_.outputs, l_.cout) * pieces(cut_.inputs, l_.cin);
  for (int pass = 0; pass < passes; ++pass) plan_pass(pass);
  if (context_.family.functional()) new_.resize(sum_.oihw.size());
}

void SataWeightGradientJob::plan_pass(int pass) {
  units_.emplace_back();
  const Span o = completed(outputs(pass), 16, l_.cout), i = completed(inputs(pass), 64, l_.cin);
  for (int ob = o.begin; ob < o.end; ++ob)
    for (int ib = i.begin; ib < i.end; ++ib) units_[pass].push_back(sum_.image().unit(ob, ib));
  for (int tile = 0; tile < tiles_.count(); ++tile) {
    steps_.push_back({pass, tile, false, {}, all_});
    all_ += sums(pass) * tiles_.tile(tile).area();
  }
  add_merges(pass);
}

/// As many blocks of weights at a time as the operand side holds twice.
void SataWeightGradientJob::add_merges(int pass) {
  const int count = static_cast<int>(units_[pass].size());
  const std::uint64_t room = cut_.room.operands / 2;
  int begin = 0;
  do {
    std::uint64_t bytes = 0;
    int end = begin;
    while (end < count) {
      bytes += sum_.image().bytes(units_[pass][end]);
      if (end > begin && bytes > room) break;
      ++end;
    }
    steps_.push_back({pass, tiles_.count() - 1, true, {begin, end}, all_});
    begin = end;
  } while (begin < count);
}

bool SataWeightGradientJob::load(int chunk, int /*stage*/, TransferList& list) {
  const Step& at = steps_[chunk];
  if (at.merge) {
    for (int u = at.units.begin; u < at.units.end && !first_; ++u) {
      sum_.want(units_[at.pass][u], list);
    }
    return false;
  }
  if (at.tile == 0) {
    input_->begin_pass();
    gradient_.begin_pass();
  }
  const Span in = inputs(at.pass), out = outputs(at.pass);
  const Region region = tiles_.tile(at.tile);
  input_->want(receptive(l_, region), in.begin * l_.planes, in.end * l_.planes, list);
  gradient_.want_values(region, out.begin, out.end, list);
  return false;
}

ChunkWork SataWeightGradientJob::work(int chunk) {
  const Step& at = steps_[chunk];
  ChunkWork work;
  if (at.merge) return work;  // sums meet those so far on their way to memory
  const std::uint64_t end = chunk + 1 < chunks() ? steps_[chunk + 1].done : all_;
  work.cycles = share_of(whole_, at.done, end, all_);
  work.events = events(at);
  work.executed_macs = macs_of(work.events);
  if (chunk == 0) {
    const JobContext& c = context_.family;
    work.events +=
        published_events(weight_update_words(l_, c.batch, c.steps, context_.input_bits()));
  }
  return work;
}

EventCounts SataWeightGradientJob::events(const Step& at) {
  const Span in = inputs(at.pass), out = outputs(at.pass);
  const Region region = tiles_.tile(at.tile);
  const int stars = in.size() * l_.planes;
  const BitMap& nonzero = input_->nonzero();
  const std::uint64_t driven =
      spiking_.count(nonzero, region, in.begin * l_.planes, in.end * l_.planes) *
      (context_.maps() / nonzero.maps);
  const SataPart part{context_.maps(), region, stars, out.size(), l_.taps()};
  EventCounts events = input_mac_events(context_.array, part, driven);
  const std::uint64_t bits =
      context_.maps() * receptive(l_, region).area() * stars * context_.input_bits();
  const std::uint64_t values = 2U * context_.maps() * region.area() * out.size();
  events += operand_events((bits + 7) / 8, context_.folds(out.size()), 0);
  events += operand_events(values, ceil_div(stars * l_.taps(), context_.array.rows), 0);
  if (last_tile(at)) events += sum_events(sums(at.pass), context_.family.batch, first_);
  return events;
}

void SataWeightGradientJob::compute(int chunk) {
  const Step& at = steps_[chunk];
  if (at.merge) return merge(at);
  const Span in = inputs(at.pass), out = outputs(at.pass);
  gradient_.settle({0, l_.out_h, 0, l_.out_w});
  constexpr int kInputsOfAPart = 16;
  workers->share(pieces(kInputsOfAPart, in.size()), [&](int index) {
    const Span some = piece(index, kInputsOfAPart, in.size());
    const SataWeightGradient::Part part{out.begin, out.end, in.begin + some.begin,
                                        in.begin + some.end};
    kernels.run([&] { input_->weight_gradient(gradient_.values(), part, new_.data()); });
  });
}

void SataWeightGradientJob::merge(const Step& at) {
  RangeCount found;
  const WeightImage& image = sum_.image();
  const Numerics numerics = context_.family.machine->numerics;
  kernels.run([&] {
    for (int u = at.units.begin; u < at.units.end; ++u) {
      const int unit = units_[at.pass][u];
      if (!first_) image.add(unit, numerics, sum_.oihw.data(), new_.data());
      found.overflows += image.not_finite(unit, new_.data());
    }
  });
  if (found.overflows != 0) found.overflow_step = loudest_step(outputs(at.pass));
  count(found);
}

/// Timestep, from 1, of the largest grad-u: a sum over all timesteps went out of range.
int SataWeightGradientJob::loudest_step(Span channels) const {
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
          step = map % context_.family.steps + 1;
        }
  return step;
}

void SataWeightGradientJob::store(int chunk, TransferList& list) {
  const Step& at = steps_[chunk];
  const WeightImage& image = sum_.image();
  for (int u = at.units.begin; u < at.units.end; ++u) {
    const int unit = units_[at.pass][u];
    Transfer t;
    t.write = true;
    t.kind = TensorKind::weight_gradient;
    t.halved = context_.family.value_bytes == 4;
    t.address = image.address(unit);
    t.bytes = image.bytes(unit);
    if (context_.family.functional()) {
      image.encode(unit, new_.data(), list.write(t));
    } else {
      list.write_timing(t);
    }
  }
}

Job::Results SataWeightGradientJob::results(int chunk) const {
  const Step& at = steps_[chunk];
  const std::uint64_t bytes = 2 * sums(at.pass);
  const bool last = chunk + 1 == chunks() || steps_[chunk + 1].pass != at.pass;
  return {!at.merge && at.tile == 0 ? bytes : 0, last ? bytes : 0};
}

}  // namespace

std::unique_ptr<Job> make_sata_weight_gradient_job(const SataContext& context, int layer,
                                                   bool first) {
  return std::make_unique<SataWeightGradientJob>(context, layer, first);
}

}  // namespace h2
