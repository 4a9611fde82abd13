// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "modules/h2learn/backward/grad_stage.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/sata/buffer_plan.h"
#include "modules/sata/cycles.h"
#include "modules/sata/event_counts.h"
#include "modules/sata/sata_array.h"
#include "modules/sata/sata_context.h"

namespace h2 {
namespace {

/// grad-u of one layer: for channels { for tile of the map handed on { for channels of the layer
/// above { grad-u, weights } for tile of neurons { u, spikes, mask; gradient unit; store grad-u } }
/// }. Through a fully connected layer too: its inputs are the positions of that map.
class SataBackwardJob : public Job {
 public:
  SataBackwardJob(const SataContext& context, int index);

  int chunks() const override { return static_cast<int>(steps_.size()); }
  bool load(int chunk, int stage, TransferList& list) override;
  ChunkWork work(int chunk) override;
  bool computes(int chunk) const override {
    return context_.family.functional() && (grads(chunk) || last_inner(steps_[chunk]));
  }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override;

 private:
  /// A chunk: array work on piece `inner` of the layer above, or the gradient unit's on a tile of
  /// neurons (`soma`).
  struct Step {
    int pass, tile, inner, soma;
    std::uint64_t done;  ///< sums times terms of the chunks before
  };
  static constexpr int kArray = -1;
  bool grads(int chunk) const { return steps_[chunk].soma != kArray; }
  bool last_inner(const Step& at) const { return at.inner == inner_ - 1; }
  Span channels(const Step& at) const { return piece(at.pass, cut_.outputs, l_.cout); }
  Span blocks(const Step& at) const {
    return {channels(at).begin / 16, pieces(16, channels(at).end)};
  }
  Span terms(const Step& at) const { return piece(at.inner, cut_.inputs, above_.cout); }
  Region tile(const Step& at) const { return tiles_.tile(at.tile); }
  bool fully() const { return above_.kind == LayerKind::fc; }
  /// Region of the layer above whose grad-u a tile needs.
  Region fed(const Step& at) const {
    return fully() ? Region{0, 1, 0, 1} : fed_by(above_, tile(at));
  }
  void plan_steps();
  void load_weights(int chunk, TransferList& list);
  EventCounts array_events(const Step& at);
  std::uint64_t sum_bytes(const Step& at) const;

  const SataContext context_;
  const Layer &l_, &above_;
  const SataCut cut_;
  const int inner_, places_;
  Tiling tiles_;
  GradientFeed gradient_;
  WeightOperand weights_;
  GradStage grad_;
  CompletionMap complete_;
  SataBackward array_;
  Cycles whole_;
  std::uint64_t all_ = 0;  // sums times terms
  std::vector<Step> steps_;
};

SataBackwardJob::SataBackwardJob(const SataContext& context, int index)
    : context_(context),
      l_(context_.layer(index)),
      above_(context_.layer(index + 1)),
      cut_(cut_backward(context_.sizes(), l_, above_)),
      inner_(pieces(cut_.inputs, above_.cout)),
      places_(fully() ? l_.next_h * l_.next_w : 1),
      tiles_(l_.next_h, l_.next_w, context_.family.machine->tile),
      gradient_(context_.family, index + 1, !context_.family.functional()),
      weights_(TensorKind::weight,
               context_.family.weight_image(
                   index + 1, context_.family.base + context_.family.place(index + 1).weights),
               context_.family.functional()),
      grad_(context_.family, index),
      complete_(tiles_, grad_.image().tiling(), [this](Region r) { return grad_.next_region(r); }),
      array_(above_, l_.next_h, l_.next_w, context_.family.machine->numerics),
      whole_(sata_backward_cycles(context_.array, above_, context_.family.batch,
                                  context_.family.steps)) {
  name = above_.name;
  layer = index + 1;
  result_layer = index;
  macs = above_.macs() * context_.maps();
  room = cut_.room;
  weights_.set_reuse(Operand::Reuse::once_per_pass);
  plan_steps();
}

void SataBackwardJob::plan_steps() {
  for (int pass = 0; pass < pieces(cut_.outputs, l_.cout); ++pass) {
    for (int tile = 0; tile < tiles_.count(); ++tile) {
      for (int inner = 0; inner < inner_; ++inner) {
        const Step step{pass, tile, inner, kArray, all_};
        all_ += static_cast<std::uint64_t>(channels(step).size()) * tiles_.tile(tile).area() *
                terms(step).size();
        steps_.push_back(step);
      }
      for (const int soma : complete_.complete(tile)) steps_.push_back({pass, tile, 0, soma, all_});
    }
  }
}

bool SataBackwardJob::load(int chunk, int stage, TransferList& list) {
  const Step& at = steps_[chunk];
  if (!grads(chunk)) {
    if (at.inner == 0 && at.tile == 0) {
      gradient_.begin_pass();
      grad_.begin_pass();
    }
    gradient_.want_values(fed(at), terms(at).begin, terms(at).end, list);
    load_weights(chunk, list);
    return false;
  }
  if (stage == 0) {
    grad_.want_mask(at.soma, blocks(at), list);
    return true;
  }
  grad_.want_state(at.soma, blocks(at), list);
  return false;
}

void SataBackwardJob::load_weights(int chunk, TransferList& list) {
  const Step& at = steps_[chunk];
  if (at.inner == 0 && (at.tile == 0 || !cut_.weights_stay)) weights_.begin_pass();
  if (cut_.weights_stay) {
    int last = chunk;
    while (last + 1 < chunks() && steps_[last + 1].pass == at.pass) ++last;
    list.hold_until(last);
  }
  weights_.want_range(terms(at).begin, terms(at).end, channels(at).begin * places_,
                      channels(at).end * places_, list);
  list.hold_until(TransferList::kOwnChunk);
}

EventCounts SataBackwardJob::array_events(const Step& at) {
  const Span out = channels(at), in = terms(at);
  gradient_.settle(fed(at));
  const std::uint64_t nonzero =
      context_.family.functional()
          ? reaching_gradients(above_, gradient_.values(), tile(at), in.begin, in.end)
          : reaching_gradients(above_, gradient_.nonzero(), tile(at), in.begin, in.end);
  const int taps = fully() ? 1 : above_.taps();
  const SataPart part{context_.maps(), tile(at), in.size(), out.size(), taps};
  EventCounts events = value_mac_events(context_.array, part, nonzero);
  const std::uint64_t streamed = 2U * context_.maps() * fed(at).area() * in.size();
  const std::uint64_t places = fully() ? tile(at).area() : taps;
  events +=
      operand_events(streamed, context_.folds(out.size()), 2U * places * out.size() * in.size());
  return events;
}

/// The gradient units follow the array, a neuron per PE and cycle: they add no cycles.
ChunkWork SataBackwardJob::work(int chunk) {
  const Step& at = steps_[chunk];
  ChunkWork work;
  if (grads(chunk)) {
    const Region soma = grad_.image().tiling().tile(at.soma);
    const Span c = channels(at);
    const std::uint64_t open = set_bits(grad_.open(), soma, c.begin, c.end);
    work.events =
        potential_gradient_events(context_.array, context_.maps() * soma.area() * c.size(), open);
    return work;
  }
  const std::uint64_t end = chunk + 1 < chunks() ? steps_[chunk + 1].done : all_;
  work.cycles = share_of(whole_, at.done, end, all_);
  work.events = array_events(at);
  work.executed_macs = work.events[kValueMacs] + work.events[kGatedValueMacs];
  if (chunk == 0) {
    const JobContext& c = context_.family;
    work.events += published_events(backward_words(l_, c.batch, c.steps, context_.input_bits()));
  }
  return work;
}

void SataBackwardJob::compute(int chunk) {
  const Step& at = steps_[chunk];
  const Region region = tile(at);
  if (grads(chunk)) {
    count(grad_.run(at.soma, blocks(at), kernels));
  } else {
    if (at.tile == 0) {
      kernels.run([&] { array_.load(weights_.oihw.data(), channels(at).begin, channels(at).end); });
    }
    workers->share(region.height(), [&](int row) {
      kernels.run([&] {
        array_.run(gradient_.values(), strip(region, row, region.height()), grad_.sums());
      });
    });
  }
  if (chunk == chunks() - 1) densities.gradient = grad_.density();
}

void SataBackwardJob::store(int chunk, TransferList& list) {
  const Step& at = steps_[chunk];
  if (grads(chunk)) grad_.store(at.soma, blocks(at), list);
}

std::uint64_t SataBackwardJob::sum_bytes(const Step& at) const {
  return 2U * context_.maps() * tile(at).area() * channels(at).size();
}

/// Sums of a tile become gradients in place, or, where each belongs to four neurons, beside them.
Job::Results SataBackwardJob::results(int chunk) const {
  const Step& at = steps_[chunk];
  Results r;
  if (!grads(chunk)) {
    if (at.inner == 0) r.begin = sum_bytes(at);
    const bool next = chunk + 1 < chunks() && grads(chunk + 1);
    if (last_inner(at) && !next) r.end = sum_bytes(at);
    return r;
  }
  const bool last = chunk + 1 == chunks() || !grads(chunk + 1);
  if (l_.pool == PoolMode::after_soma) {
    r.begin =
        2U * context_.maps() * grad_.image().tiling().tile(at.soma).area() * channels(at).size();
    r.end = r.begin;
  }
  if (last) r.end += sum_bytes(at);
  return r;
}

}  // namespace

std::unique_ptr<Job> make_sata_backward_job(const SataContext& context, int layer) {
  return std::make_unique<SataBackwardJob>(context, layer);
}

}  // namespace h2
