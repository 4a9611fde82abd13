// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "modules/h2learn/backward/backward_cycles.h"
#include "modules/h2learn/backward/grad_stage.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/h2learn/jobs/layer_job.h"
#include "modules/tensor/operand.h"

namespace h2 {
namespace {

void copy_region(const ValueMap& from, Region region, Span channels, ValueMap& to) {
  for (int map = 0; map < from.maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) {
        std::copy_n(from.at(map, y, x) + channels.begin, channels.size(),
                    to.at(map, y, x) + channels.begin);
      }
    }
  }
}

/// grad-u of the last layer from the loss gradient the host wrote: for tile { for the channels of
/// the Grad units { loss gradient, mask; u, spikes } }.
class GradJob : public LayerJob {
 public:
  GradJob(const JobContext& context, int index, std::uint64_t gradient)
      : LayerJob(context, index, index, context.glb->grad_room),
        loss_(TensorKind::gradient, next_values(context, index, gradient), context.value_bytes,
              nullptr, context.functional()),
        grad_(context_, index),
        tiles_(l_.next_h, l_.next_w, context.machine->tile),
        complete_(tiles_, grad_.image().tiling(),
                  [this](Region r) { return grad_.next_region(r); }) {}

  int chunks() const override { return tiles_.count() * groups(); }
  bool load(int chunk, int stage, TransferList& list) override {
    if (stage == 0) {
      const Span c = channels(chunk);
      loss_.want_region(tile(chunk), c.begin, c.end, list);
      for (const int t : complete(chunk)) grad_.want_mask(t, blocks(chunk), list);
      return true;
    }
    for (const int t : complete(chunk)) grad_.want_state(t, blocks(chunk), list);
    return false;
  }
  ChunkWork work(int chunk) override {
    const Region soma = grad_.soma_region(tile(chunk));
    const std::uint64_t outputs = over_maps(soma.area());
    ChunkWork work;
    work.cycles.array = grad_cycles(context_.machine->backward, outputs);
    work.events = grad_events(outputs * channels(chunk).size(), l_.neuron.surrogate);
    return work;
  }
  bool computes(int /*chunk*/) const override { return context_.functional(); }
  void compute(int chunk) override {
    copy_region(loss_.values, tile(chunk), channels(chunk), grad_.sums());
    for (const int t : complete(chunk)) count(grad_.run(t, blocks(chunk), kernels));
    if (chunk == chunks() - 1 && !l_.normalised()) densities.gradient = grad_.density();
  }
  void store(int chunk, TransferList& list) override {
    for (const int t : complete(chunk)) grad_.store(t, blocks(chunk), list);
  }
  Results results(int chunk) const override {
    std::uint64_t bytes = 0;
    for (const int t : complete(chunk)) bytes += grad_.bytes(t, blocks(chunk));
    return {bytes, bytes};
  }

 private:
  /// Whole blocks of 16 channels, as many as there are Grad units.
  int step() const { return pieces(16, context_.machine->backward.cols) * 16; }
  int groups() const { return pieces(step(), l_.cout); }
  Span channels(int chunk) const { return piece(chunk % groups(), step(), l_.cout); }
  Span blocks(int chunk) const {
    return {channels(chunk).begin / 16, pieces(16, channels(chunk).end)};
  }
  Region tile(int chunk) const { return tiles_.tile(chunk / groups()); }
  const std::vector<int>& complete(int chunk) const { return complete_.complete(chunk / groups()); }
  static TensorImage next_values(const JobContext& context, int index, std::uint64_t address) {
    h2_map map = context.next_image(index).map();
    map.channels = context.layer(index).cout;
    return {address, map};
  }

  ValueOperand loss_;
  GradStage grad_;
  Tiling tiles_;
  CompletionMap complete_;
};

}  // namespace

std::unique_ptr<Job> make_grad_job(const JobContext& context, std::uint64_t gradient) {
  return std::make_unique<GradJob>(context, static_cast<int>(context.layers->size()) - 1, gradient);
}

}  // namespace h2
