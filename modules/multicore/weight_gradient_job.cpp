// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "modules/multicore/core_context.h"
#include "modules/multicore/core_events.h"

namespace h2 {
namespace {

/// grad-w of a slice: for output channels { for tile { spikes, grad-u } grad-w, a few blocks at a
/// time, read, added to and written }.
class CoreWeightGradientJob : public Job {
 public:
  CoreWeightGradientJob(CoreContext context, const CoreSlice& slice, bool first);

  int chunks() const override { return static_cast<int>(steps_.size()); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override {
    return family().functional() && (steps_[chunk].merge || last_tile(steps_[chunk]));
  }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  /// Array work on a tile, or the addition of some blocks of weights to the sums so far (`merge`).
  struct Step {
    int pass, tile;
    bool merge;
    Span units;          ///< of units_[pass]
    std::uint64_t done;  ///< multiply-accumulates before
  };
  const JobContext& family() const { return context_.family; }
  bool last_tile(const Step& at) const { return !at.merge && at.tile == tiles_.count() - 1; }
  Span outputs(int pass) const {
    const int begin = slice_.begin + pass * cut_.channels;
    return {begin, std::min(begin + cut_.channels, slice_.end)};
  }
  std::uint64_t sums(int pass) const {
    return static_cast<std::uint64_t>(outputs(pass).size()) * l_.cin * l_.taps();
  }
  void plan_pass(int pass);
  void add_merges(int pass);
  void merge(const Step& at);

  const CoreContext context_;
  const CoreSlice slice_;
  const Layer& l_;
  const bool first_;
  const SliceCut cut_;
  Tiling tiles_;
  std::vector<Step> steps_;
  std::vector<std::vector<int>> units_;  // by pass: blocks of weights that it makes
  InputFeed input_;
  GradientFeed gradient_;
  WeightOperand sum_;
  WeightGradientArray kernel_;
  std::uint64_t all_ = 0;
  RawVector<float> new_;  // of this sub-batch, then with the sum so far
};

CoreWeightGradientJob::CoreWeightGradientJob(CoreContext context, const CoreSlice& slice,
                                             bool first)
    : context_(std::move(context)),
      slice_(slice),
      l_(context_.layer(slice.layer)),
      first_(first),
      cut_(context_.plan->weight_gradient(slice)),
      tiles_(l_.out_h, l_.out_w, family().machine->tile),
      input_(family(), slice.layer),
      gradient_(family(), slice.layer, false),
      sum_(TensorKind::weight_gradient,
           family().weight_image(slice.layer,
                                 family().base2 + family().place(slice.layer).weight_gradient),
           family().functional()),
      kernel_(l_, family().machine->weight_update, family().machine->tile,
              family().machine->numerics) {
  name = l_.name;
  layer = slice.layer;
  macs = l_.macs() / l_.cout * slice.channels() * family().batch * family().steps;
  room = cut_.room;
  for (int pass = 0; pass < pieces(cut_.channels, slice.channels()); ++pass) plan_pass(pass);
  if (family().functional()) new_.resize(sum_.oihw.size());
}

void CoreWeightGradientJob::plan_pass(int pass) {
  units_.emplace_back();
  const WeightImage& image = sum_.image();
  for (int ob = outputs(pass).begin / 16; ob < ceil_div(outputs(pass).end, 16); ++ob)
    for (int ib = 0; ib < image.in_blocks(); ++ib) units_[pass].push_back(image.unit(ob, ib));
  const auto maps = static_cast<std::uint64_t>(family().batch) * family().steps;
  for (int tile = 0; tile < tiles_.count(); ++tile) {
    steps_.push_back({pass, tile, false, {}, all_});
    all_ += sums(pass) * tiles_.tile(tile).area() * maps;
  }
  add_merges(pass);
}

/// As many blocks at a time as the operand side holds twice.
void CoreWeightGradientJob::add_merges(int pass) {
  const int count = static_cast<int>(units_[pass].size());
  const std::uint64_t room = cut_.room.operands / 2;
  for (int begin = 0, end = 0; begin < count; begin = end) {
    std::uint64_t bytes = 0;
    for (; end < count; ++end) {
      bytes += sum_.image().bytes(units_[pass][end]);
      if (end > begin && bytes > room) break;
    }
    steps_.push_back({pass, tiles_.count() - 1, true, {begin, end}, all_});
  }
}

bool CoreWeightGradientJob::load(int chunk, int /*stage*/, TransferList& list) {
  const Step& at = steps_[chunk];
  if (at.merge) {
    for (int u = at.units.begin; u < at.units.end && !first_; ++u) {
      sum_.want(units_[at.pass][u], list);
    }
    return false;
  }
  if (at.tile == 0) {
    input_.begin_pass();
    gradient_.begin_pass();
  }
  const Region region = tiles_.tile(at.tile);
  input_.want(receptive(l_, region), 0, l_.cin_star(), list);
  gradient_.want_values(region, outputs(at.pass).begin, outputs(at.pass).end, list);
  return false;
}

ChunkWork CoreWeightGradientJob::work(int chunk) {
  const Step& at = steps_[chunk];
  ChunkWork work;
  if (at.merge) return work;  // sums meet those so far on their way to memory
  const std::uint64_t end = chunk + 1 < chunks() ? steps_[chunk + 1].done : all_;
  work.cycles = lane_cycles(*context_.spec, at.done, end);
  if (!last_tile(at)) return work;
  // The spikes of all tiles are there with the last one.
  const BitMap& spikes = input_.spikes();
  const std::uint64_t repeats = family().batch * family().steps / spikes.maps;
  work.events[kCoreAdditions] =
      driven_sums(l_, spikes, 0, spikes.maps) * repeats * outputs(at.pass).size();
  work.executed_macs = work.events[kCoreAdditions];
  return work;
}

void CoreWeightGradientJob::compute(int chunk) {
  const Step& at = steps_[chunk];
  if (at.merge) return merge(at);
  const Span out = outputs(at.pass);
  gradient_.settle({0, l_.out_h, 0, l_.out_w});
  RangeCount found;
  std::atomic<std::uint64_t> underflows{0};
  constexpr int kColumns = 64;  // of output channels, to share among threads
  workers->share(pieces(kColumns, out.size()), [&](int part) {
    const Span some = piece(part, kColumns, out.size());
    underflows += kernels.run([&] {
      return kernel_.run(family().batch, family().steps, input_.bits(), gradient_.values(),
                         out.begin + some.begin, some.size(), 0, l_.cin, new_.data());
    });
  });
  found.underflows = underflows;
  count(found);
}

void CoreWeightGradientJob::merge(const Step& at) {
  RangeCount found;
  const WeightImage& image = sum_.image();
  kernels.run([&] {
    for (int u = at.units.begin; u < at.units.end; ++u) {
      const int unit = units_[at.pass][u];
      if (!first_) image.add(unit, family().machine->numerics, sum_.oihw.data(), new_.data());
      found.overflows += image.not_finite(unit, new_.data());
    }
  });
  count(found);  // of no timestep: the sum is over all of them
}

void CoreWeightGradientJob::store(int chunk, TransferList& list) {
  const Step& at = steps_[chunk];
  const WeightImage& image = sum_.image();
  for (int u = at.units.begin; u < at.units.end; ++u) {
    const int unit = units_[at.pass][u];
    Transfer t;
    t.write = true;
    t.kind = TensorKind::weight_gradient;
    t.halved = family().value_bytes == 4;
    t.address = image.address(unit);
    t.bytes = image.bytes(unit);
    if (family().functional()) {
      image.encode(unit, new_.data(), list.write(t));
    } else {
      list.write_timing(t);
    }
  }
}

Job::Results CoreWeightGradientJob::results(int chunk) const {
  const Step& at = steps_[chunk];
  const std::uint64_t bytes = 2 * sums(at.pass);
  const bool last = chunk + 1 == chunks() || steps_[chunk + 1].pass != at.pass;
  return {!at.merge && at.tile == 0 ? bytes : 0, last ? bytes : 0};
}

}  // namespace

std::unique_ptr<Job> make_core_weight_gradient_job(const CoreContext& context,
                                                   const CoreSlice& slice, bool first) {
  return std::make_unique<CoreWeightGradientJob>(context, slice, first);
}

}  // namespace h2
