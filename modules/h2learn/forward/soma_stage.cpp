// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/forward/soma_stage.h"

#include <algorithm>

#include "modules/arithmetic/neuron.h"
#include "modules/base/ceil_div.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/event_counts.h"

namespace h2 {
namespace {

Region itself(Region r) { return r; }

}  // namespace

SomaStage::SomaStage(const JobContext& context, int layer, const Tiling& conv_tiles, int sum_maps)
    : context_(context),
      l_(context.layer(layer)),
      layer_(layer),
      conv_tiles_(conv_tiles),
      apart_(l_.pool == PoolMode::before_soma || sum_maps != context.batch * context.steps),
      spikes_image_(context.spikes_image(layer)),
      mask_image_(context.soma_image(layer, context.place(layer).mask)),
      potential_image_(context.potential_image(layer)),
      next_image_(context.next_image(layer)),
      soma_tiles_(conv_tiles, spikes_image_.tiling(),
                  l_.pool == PoolMode::before_soma ? pooled_from : itself),
      pooled_tiles_(conv_tiles, next_image_.tiling(),
                    l_.pool == PoolMode::none ? itself : pooled_from),
      pooled_(pooled_tiles(l_, context.machine->tile)) {
  if (l_.adds_potentials) {
    added_potentials_.emplace(TensorKind::potential, context.potential_image(l_.adds),
                              context.value_bytes, nullptr, context.functional());
  } else if (l_.adds >= 0) {
    added_.emplace(TensorKind::spike, context.spikes_image(l_.adds), context.functional());
  }
  if (l_.normalised() && context_.inference) norm_.emplace(context_, layer);
  if (context_.functional()) allocate(sum_maps);
}

void SomaStage::want_constants(TransferList& list) {
  if (norm_) norm_->want(list);
}

void SomaStage::want_added(int tile, Span channels, TransferList& list) {
  if (l_.adds < 0) return;
  MapOperand& added =
      added_ ? static_cast<MapOperand&>(*added_) : static_cast<MapOperand&>(*added_potentials_);
  for (const int soma_tile : soma_tiles_.complete(tile)) {
    added.want_region(spikes_image_.tiling().tile(soma_tile), channels.begin, channels.end, list);
  }
}

std::uint64_t SomaStage::held(int tile, int channels,
                              const std::vector<std::uint64_t>& pooled) const {
  const std::uint64_t maps = static_cast<std::uint64_t>(channels) * context_.batch * context_.steps;
  return neuron_bytes(maps, conv_tiles_.tile(tile).area()) + pooled[tile] * pooled_bytes(l_, maps);
}

void SomaStage::allocate(int sum_maps) {
  const int maps = context_.batch * context_.steps;
  u_ = ValueMap::raw(maps, l_.soma_h, l_.soma_w, l_.cout);
  spikes_ = BitMap(maps, l_.soma_h, l_.soma_w, l_.cout);
  mask_ = BitMap(maps, l_.soma_h, l_.soma_w, l_.cout);
  if (l_.pool == PoolMode::after_soma) {
    planes_ = BitMap(maps, l_.next_h, l_.next_w, l_.cout * l_.next_planes);
  }
  if (!apart_) return;
  sums_ = ValueMap::raw(sum_maps, l_.out_h, l_.out_w, l_.cout);
  if (l_.pool == PoolMode::before_soma) {
    pooled_sums_ = ValueMap::raw(sum_maps, l_.soma_h, l_.soma_w, l_.cout);
  }
}

EventCounts SomaStage::events(int tile, int channels) const {
  const std::uint64_t potentials = positions(tile) * static_cast<std::uint64_t>(channels) *
                                   static_cast<std::uint64_t>(context_.batch * context_.steps);
  EventCounts events = soma_events(potentials);
  if (norm_) events[kNormValues] = potentials;
  return events;
}

std::uint64_t SomaStage::positions(int tile) const {
  std::uint64_t sum = 0;
  for (const int soma_tile : soma_tiles_.complete(tile)) {
    sum += spikes_image_.tiling().tile(soma_tile).area();
  }
  return sum;
}

RangeCount SomaStage::run(int tile, Span channels, KernelClock& kernels) {
  RangeCount found;
  for (const int soma_tile : soma_tiles_.complete(tile)) {
    found += fire(spikes_image_.tiling().tile(soma_tile), channels, kernels);
  }
  if (l_.pool != PoolMode::after_soma) return found;
  for (const int pooled_tile : pooled_tiles_.complete(tile)) {
    const Region region = next_image_.tiling().tile(pooled_tile);
    const auto pool = l_.max_pool ? pool_largest : pool_spikes;
    kernels.run([&] { pool(spikes_, region, channels.begin, channels.end, planes_); });
  }
  return found;
}

RangeCount SomaStage::fire(Region region, Span channels, KernelClock& kernels) {
  const Numerics numerics = context_.machine->numerics;
  const bool pooled = l_.pool == PoolMode::before_soma;
  ValueMap& taken = pooled ? pooled_sums_ : sums();
  return kernels.run([&] {
    if (pooled) {
      pool_potentials(numerics, sums_, region, channels.begin, channels.end, pooled_sums_);
    }
    if (norm_) {
      normalise(norm_->running(), numerics, taken, region, channels.begin, channels.end, taken);
    }
    if (added_) {
      add_spikes(numerics, added_->bits, region, channels.begin, channels.end, taken);
    }
    if (added_potentials_) {
      add_values(numerics, added_potentials_->values, region, channels.begin, channels.end, taken);
    }
    return soma(l_.neuron, numerics, context_.batch, context_.steps, taken, region, channels.begin,
                channels.end, u_, spikes_, mask_);
  });
}

LayerDensities SomaStage::densities() const {
  LayerDensities densities;
  if (l_.readout) return densities;
  densities.mask = density_of(mask_);
  if (l_.pool != PoolMode::after_soma) {
    densities.spikes = density_of(spikes_);
    return densities;
  }
  BitMap handed_on(spikes_.maps, l_.next_h, l_.next_w, l_.cout);
  pooled_mask(spikes_, {0, l_.next_h, 0, l_.next_w}, handed_on);
  densities.spikes = density_of(handed_on);
  return densities;
}

void SomaStage::store(int tile, Span channels, TransferList& list) {
  const Span blocks = completed(channels, 16, l_.cout);
  for (const int soma_tile : soma_tiles_.complete(tile)) {
    for (int b = blocks.begin; b < blocks.end; ++b) {
      store_unit(spikes_image_.unit(soma_tile, b), list);
    }
  }
  if (l_.pool != PoolMode::after_soma) return;
  const Span planes = completed({channels.begin * l_.next_planes, channels.end * l_.next_planes},
                                16, l_.cout * l_.next_planes);
  for (const int pooled_tile : pooled_tiles_.complete(tile)) {
    for (int b = planes.begin; b < planes.end; ++b) {
      store_bits(next_image_, planes_, TensorKind::spike, next_image_.unit(pooled_tile, b), list);
    }
  }
}

void SomaStage::store_bits(const TensorImage& image, const BitMap& bits, TensorKind kind, int unit,
                           TransferList& list) {
  Transfer t;
  t.write = true;
  t.kind = kind;
  t.address = image.bits_address(unit);
  t.bytes = image.bits_bytes(unit);
  if (context_.functional()) {
    image.encode_bits(unit, bits, list.write(t));
  } else {
    list.write_timing(t);
  }
}

/// A read-out leaves its potentials alone: no neuron fires, and every mask is open.
void SomaStage::store_unit(int unit, TransferList& list) {
  if (l_.readout) return store_potentials(unit, list);
  store_bits(spikes_image_, spikes_, TensorKind::spike, unit, list);
  if (!context_.inference) store_bits(mask_image_, mask_, TensorKind::mask, unit, list);
  if (!context_.inference || !l_.potentials_added_by.empty()) store_potentials(unit, list);
}

void SomaStage::store_potentials(int unit, TransferList& list) {
  const bool all = context_.all_potentials(layer_);
  const BitMap& open = context_.functional() ? mask_ : context_.masks->open(layer_);
  Transfer t;
  t.write = true;
  t.kind = TensorKind::potential;
  t.halved = context_.value_bytes == 4;
  t.address = potential_image_.values_address(unit, context_.value_bytes);
  const std::uint64_t count =
      all ? potential_image_.elements(unit) : potential_image_.count(unit, open);
  t.bytes = count * context_.value_bytes;
  if (!context_.functional()) {
    list.write_timing(t);
  } else if (all) {
    potential_image_.encode_values(unit, context_.value_bytes, u_, list.write(t));
  } else {
    potential_image_.encode_packed(unit, context_.value_bytes, mask_, u_, list.write(t));
  }
}

}  // namespace h2
