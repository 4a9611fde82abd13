#include <algorithm>

#include "modules/h2learn/backward/grad_stage.h"
#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/completion_map.h"
#include "modules/tensor/operand.h"

namespace h2 {
namespace {

void copy_region(const ValueMap& from, Region region, ValueMap& to) {
  for (int map = 0; map < from.maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) {
        std::copy_n(from.at(map, y, x), from.channels, to.at(map, y, x));
      }
    }
  }
}

/// grad-u of the last layer from the loss gradient the host wrote.
class GradJob : public Job {
 public:
  GradJob(const JobContext& context, int index, std::uint64_t gradient)
      : context_(context),
        l_(context.layer(index)),
        loss_(TensorKind::gradient, next_values(context, index, gradient), context.value_bytes,
              nullptr, context.functional()),
        grad_(context_, index),
        tiles_(l_.next_h, l_.next_w, context.machine->tile),
        complete_(tiles_, grad_.image().tiling(),
                  [this](Region r) { return grad_.next_region(r); }) {
    name = l_.name;
    layer = result_layer = index;
  }

  int chunks() const override { return tiles_.count(); }
  bool load(int chunk, int stage, TransferList& list) override {
    const Region next = tiles_.tile(chunk), soma = grad_.soma_region(next);
    if (stage == 0) {
      loss_.want_region(next, 0, l_.cout, list);
      grad_.want_mask(soma, 0, l_.cout, list);
      return true;
    }
    grad_.want_state(soma, 0, l_.cout, list);
    return false;
  }
  ChunkWork work(int chunk) override {
    const Region soma = grad_.soma_region(tiles_.tile(chunk));
    const std::uint64_t outputs =
        static_cast<std::uint64_t>(context_.batch) * context_.steps * soma.area();
    ChunkWork work;
    work.cycles.array = pieces(context_.machine->backward.cols, l_.cout) *
                        grad_cycles(context_.machine->backward, outputs);
    work.events = grad_events(outputs * l_.cout);
    return work;
  }
  bool computes(int /*chunk*/) const override { return context_.functional(); }
  void compute(int chunk) override {
    copy_region(loss_.values, tiles_.tile(chunk), grad_.sums());
    count(grad_.run(tiles_.tile(chunk), {0, pieces(16, l_.cout)}, kernels));
    if (chunk == chunks() - 1) densities.gradient = grad_.density();
  }
  void store(int chunk, TransferList& list) override {
    for (const int tile : complete_.complete(chunk)) {
      grad_.store(tile, {0, pieces(16, l_.cout)}, list);
    }
  }

 private:
  static TensorImage next_values(const JobContext& context, int index, std::uint64_t address) {
    h2_map map = context.next_image(index).map();
    map.channels = context.layer(index).cout;
    return {address, map};
  }

  JobContext context_;
  const Layer& l_;
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
