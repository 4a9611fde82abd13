// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/forward/soma_stage.h"
#include "modules/h2learn/jobs/layer_job.h"
#include "modules/h2learn/norm/norm_glb.h"

namespace h2 {
namespace {

/// Second half of a forward pass through a layer with batch norm, once mean and variance are known:
/// for the channels of the Somas { for tile { currents; normalise, Soma; store u, s, mask } }.
class SomaJob : public LayerJob {
 public:
  SomaJob(const JobContext& context, int index)
      : LayerJob(context, index, index, context.glb->norm_forward_room[index]),
        tiles_(l_.out_h, l_.out_w, context.machine->tile),
        parameters_(context_, index),
        pairs_(context_, context_.moments(index), static_cast<std::size_t>(l_.cout) * 2,
               ChannelNumbers::Form::fp32),
        moments_(l_.cout),
        currents_(TensorKind::potential, context_.currents_image(index), context.value_bytes,
                  nullptr, context.functional()),
        soma_(context_, index, tiles_, context.batch * context.current_steps(index)) {
    element_wise = true;
  }

  int chunks() const override { return groups() * tiles_.count(); }
  bool load(int chunk, int /*stage*/, TransferList& list) override {
    if (chunk == 0) {
      list.hold_until(chunks() - 1);
      parameters_.want(list);
      pairs_.want(list);
      list.hold_until(TransferList::kOwnChunk);
    }
    const Span c = channels(chunk);
    currents_.want_region(tiles_.tile(tile(chunk)), c.begin, c.end, list);
    soma_.want_added(tile(chunk), c, list);
    return false;
  }
  ChunkWork work(int chunk) override {
    const ForwardSpec& array = context_.machine->forward;
    const std::uint64_t potentials = over_maps(soma_.positions(tile(chunk)));
    const int used = channels(chunk).size();
    ChunkWork work;
    work.cycles.array = pieces(array.cols, used) * ceil_div(potentials, array.soma_lanes);
    work.events = soma_.events(tile(chunk), used);
    work.events += norm_events(potentials * static_cast<std::uint64_t>(used));
    return work;
  }
  bool computes(int /*chunk*/) const override { return context_.functional(); }
  void compute(int chunk) override {
    if (chunk == 0) moments_.take(pairs_.values);
    const Span c = channels(chunk);
    kernels.run([&] {
      normalise(parameters_.of(moments_.moments()), context_.machine->numerics, currents_.values,
                tiles_.tile(tile(chunk)), c.begin, c.end, soma_.sums());
    });
    count(soma_.run(tile(chunk), c, kernels));
    if (chunk == chunks() - 1) densities = soma_.densities();
  }
  void store(int chunk, TransferList& list) override {
    soma_.store(tile(chunk), channels(chunk), list);
  }
  Results results(int chunk) const override {
    const int used = channels(chunk).size();
    return {soma_.bytes(tile(chunk), used), soma_.stored_bytes(tile(chunk), used)};
  }

 private:
  int step() const { return norm_channels(context_.machine->forward.cols); }
  int groups() const { return pieces(step(), l_.cout); }
  int tile(int chunk) const { return chunk % tiles_.count(); }
  Span channels(int chunk) const { return piece(chunk / tiles_.count(), step(), l_.cout); }

  Tiling tiles_;
  NormParameters parameters_;
  ChannelNumbers pairs_;
  ChannelPairs moments_;
  ValueOperand currents_;
  SomaStage soma_;
};

}  // namespace

std::unique_ptr<Job> make_soma_job(const JobContext& context, int layer) {
  return std::make_unique<SomaJob>(context, layer);
}

}  // namespace h2
