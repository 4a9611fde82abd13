// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "modules/h2learn/backward/backward_cycles.h"
#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/jobs/layer_job.h"
#include "modules/h2learn/norm/channel_numbers.h"
#include "modules/h2learn/norm/norm_glb.h"
#include "modules/h2learn/norm/value_units.h"

namespace h2 {
namespace {

/// Behind grad-u of a layer with batch norm, which is the gradient of what batch norm makes: for
/// the channels of the Grad units { for tile { grad-u, currents; sums } for tile { both again;
/// gradient of the currents, in their place, and its bitmap } }.
class NormGradientJob : public LayerJob {
 public:
  NormGradientJob(const JobContext& context, int index)
      : LayerJob(context, index, index, context.glb->norm_backward_room[index]),
        tiles_(l_.soma_h, l_.soma_w, context.machine->tile),
        parameters_(context_, index),
        pairs_(context_, context_.moments(index), static_cast<std::size_t>(l_.cout) * 2,
               ChannelNumbers::Form::fp32),
        moments_(l_.cout),
        sums_(l_.cout),
        gradient_(TensorKind::gradient, context_.gradient_image(index), context.value_bytes,
                  nullptr, context.functional()),
        currents_(TensorKind::potential, context_.currents_image(index), context.value_bytes,
                  nullptr, context.functional()),
        to_image_(context_.array_gradient_image(index)),
        bitmap_image_(context_.gradient_mask_image(index)) {
    element_wise = true;
    if (!context.functional()) return;
    to_ = ValueMap::raw(maps(), l_.soma_h, l_.soma_w, l_.cout);
    nonzero_ = BitMap(maps(), l_.soma_h, l_.soma_w, l_.cout);
  }

  int chunks() const override { return groups() * 2 * tiles_.count(); }
  bool load(int chunk, int /*stage*/, TransferList& list) override {
    if (chunk == 0) {
      list.hold_until(chunks() - 1);
      parameters_.want(list);
      pairs_.want(list);
      list.hold_until(TransferList::kOwnChunk);
    }
    const Span c = channels(chunk);
    gradient_.want_region(region(chunk), c.begin, c.end, list);
    currents_.want_region(region(chunk), c.begin, c.end, list);
    return false;
  }
  ChunkWork work(int chunk) override {
    const std::uint64_t values = over_maps(region(chunk).area());
    ChunkWork work;
    work.cycles.array = pieces(context_.machine->backward.cols, channels(chunk).size()) *
                        grad_cycles(context_.machine->backward, values);
    work.events = norm_events(values * static_cast<std::uint64_t>(channels(chunk).size()));
    return work;
  }
  bool computes(int /*chunk*/) const override { return context_.functional(); }
  void compute(int chunk) override;
  void store(int chunk, TransferList& list) override;
  Results results(int chunk) const override {
    if (!writes(chunk)) return {};
    const std::uint64_t values =
        over_maps(region(chunk).area()) * static_cast<std::uint64_t>(channels(chunk).size());
    const std::uint64_t bytes = values * 2 + ceil_div(values, 8);
    return {bytes, bytes};
  }

 private:
  int step() const { return norm_channels(context_.machine->backward.cols); }
  int groups() const { return pieces(step(), l_.cout); }
  int tile(int chunk) const { return chunk % tiles_.count(); }
  Region region(int chunk) const { return tiles_.tile(tile(chunk)); }
  /// Whether the chunk is of the second turn through the tiles.
  bool writes(int chunk) const { return chunk / tiles_.count() % 2 == 1; }
  Span channels(int chunk) const { return piece(chunk / tiles_.count() / 2, step(), l_.cout); }
  void store_bits(int unit, TransferList& list);

  Tiling tiles_;
  NormParameters parameters_;
  ChannelNumbers pairs_;
  ChannelPairs moments_, sums_;
  ValueOperand gradient_, currents_;
  TensorImage to_image_, bitmap_image_;
  ValueMap to_;
  BitMap nonzero_;
};

void NormGradientJob::compute(int chunk) {
  if (chunk == 0) moments_.take(pairs_.values);
  const Norm norm = parameters_.of(moments_.moments());
  const Span c = channels(chunk);
  if (!writes(chunk)) {
    kernels.run([&] {
      add_gradients(norm, gradient_.values, context_.steps, currents_.values, region(chunk),
                    c.begin, c.end, sums_.sums());
    });
    return;
  }
  count(kernels.run([&] {
    return gradient_of_currents(norm, context_.machine->numerics, gradient_.values, context_.steps,
                                currents_.values, sums_.sums(), norm_values(context_, layer),
                                region(chunk), c.begin, c.end, to_, nonzero_);
  }));
  if (chunk == chunks() - 1) densities.gradient = density_of(nonzero_);
}

void NormGradientJob::store(int chunk, TransferList& list) {
  if (!writes(chunk)) return;
  const Span c = channels(chunk), blocks = {c.begin / 16, pieces(16, c.end)};
  for (int b = blocks.begin; b < blocks.end && l_.kind == LayerKind::conv; ++b) {
    store_bits(bitmap_image_.unit(tile(chunk), b), list);
  }
  store_units(context_, to_image_, TensorKind::gradient, tile(chunk), blocks, to_, list);
  if (tile(chunk) == tiles_.count() - 1) {
    sums_.store(context_, context_.norm_gradients(layer), c, list);
  }
}

void NormGradientJob::store_bits(int unit, TransferList& list) {
  Transfer t;
  t.write = true;
  t.kind = TensorKind::gradient_mask;
  t.address = bitmap_image_.bits_address(unit);
  t.bytes = bitmap_image_.bits_bytes(unit);
  if (context_.functional()) {
    bitmap_image_.encode_bits(unit, nonzero_, list.write(t));
  } else {
    list.write_timing(t);
  }
}

}  // namespace

std::unique_ptr<Job> make_norm_gradient_job(const JobContext& context, int layer) {
  return std::make_unique<NormGradientJob>(context, layer);
}

}  // namespace h2
