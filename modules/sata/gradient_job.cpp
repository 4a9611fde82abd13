// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/h2learn/backward/grad_stage.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/sata/buffer_plan.h"
#include "modules/sata/cycles.h"
#include "modules/sata/event_counts.h"
#include "modules/sata/sata_context.h"

namespace h2 {
namespace {

TensorImage loss_image(const JobContext& context, int index, std::uint64_t address) {
  h2_map map = context.next_image(index).map();
  map.channels = context.layer(index).cout;
  return {address, map};
}

/// grad-u of the last layer from the loss gradient that the host wrote: for channels { for tile
/// { loss gradient, mask; u, spikes } }.
class SataGradientJob : public Job {
 public:
  SataGradientJob(const SataContext& context, int index, std::uint64_t gradient)
      : context_(context),
        l_(context_.layer(index)),
        cut_(cut_gradient(context_.sizes(), l_)),
        loss_(TensorKind::gradient, loss_image(context_.family, index, gradient),
              context_.family.value_bytes, nullptr, context_.family.functional()),
        grad_(context_.family, index),
        tiles_(l_.next_h, l_.next_w, context_.family.machine->tile),
        complete_(tiles_, grad_.image().tiling(),
                  [this](Region r) { return grad_.next_region(r); }) {
    name = l_.name;
    layer = result_layer = index;
    room = cut_.room;
  }

  int chunks() const override { return tiles_.count() * pieces(cut_.outputs, l_.cout); }
  bool load(int chunk, int stage, TransferList& list) override {
    if (stage == 0) {
      loss_.want_region(tile(chunk), channels(chunk).begin, channels(chunk).end, list);
      for (const int t : complete(chunk)) grad_.want_mask(t, blocks(chunk), list);
      return true;
    }
    for (const int t : complete(chunk)) grad_.want_state(t, blocks(chunk), list);
    return false;
  }
  ChunkWork work(int chunk) override {
    const Span c = channels(chunk);
    std::uint64_t positions = 0, open = 0;
    for (const int t : complete(chunk)) {
      const Region soma = grad_.image().tiling().tile(t);
      positions += soma.area();
      open += set_bits(grad_.open(), soma, c.begin, c.end);
    }
    const std::uint64_t gradients = context_.maps() * positions * c.size();
    ChunkWork work;
    work.cycles = sata_unit_cycles(context_.array, gradients);
    work.events = potential_gradient_events(context_.array, gradients, open);
    if (chunk == 0) {
      const JobContext& c = context_.family;
      work.events += published_events(backward_words(l_, c.batch, c.steps, context_.input_bits()));
    }
    return work;
  }
  bool computes(int /*chunk*/) const override { return context_.family.functional(); }
  void compute(int chunk) override {
    take_loss(chunk);
    for (const int t : complete(chunk)) count(grad_.run(t, blocks(chunk), kernels));
    if (chunk == chunks() - 1) densities.gradient = grad_.density();
  }
  void store(int chunk, TransferList& list) override {
    for (const int t : complete(chunk)) grad_.store(t, blocks(chunk), list);
  }
  Results results(int chunk) const override {
    std::uint64_t values = tile(chunk).area();
    for (const int t : complete(chunk)) values += grad_.image().tiling().tile(t).area();
    const std::uint64_t bytes = 2U * context_.maps() * values * channels(chunk).size();
    return {bytes, bytes};
  }

 private:
  Span channels(int chunk) const { return piece(chunk / tiles_.count(), cut_.outputs, l_.cout); }
  Span blocks(int chunk) const {
    return {channels(chunk).begin / 16, pieces(16, channels(chunk).end)};
  }
  Region tile(int chunk) const { return tiles_.tile(chunk % tiles_.count()); }
  const std::vector<int>& complete(int chunk) const {
    return complete_.complete(chunk % tiles_.count());
  }
  void take_loss(int chunk) {
    const Region r = tile(chunk);
    const Span c = channels(chunk);
    ValueMap& sums = grad_.sums();
    for (int map = 0; map < sums.maps; ++map)
      for (int y = r.y0; y < r.y1; ++y)
        for (int x = r.x0; x < r.x1; ++x) {
          std::copy_n(loss_.values.at(map, y, x) + c.begin, c.size(), sums.at(map, y, x) + c.begin);
        }
  }

  const SataContext context_;
  const Layer& l_;
  const SataCut cut_;
  ValueOperand loss_;
  GradStage grad_;
  Tiling tiles_;
  CompletionMap complete_;
};

}  // namespace

std::unique_ptr<Job> make_sata_gradient_job(const SataContext& context, std::uint64_t gradient) {
  const int last = static_cast<int>(context.family.layers->size()) - 1;
  return std::make_unique<SataGradientJob>(context, last, gradient);
}

}  // namespace h2
