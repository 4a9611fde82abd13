// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/forward/currents_stage.h"

#include "modules/h2learn/event_counts.h"
#include "modules/h2learn/norm/value_units.h"

namespace h2 {

CurrentsStage::CurrentsStage(const JobContext& context, int layer, const Tiling& conv_tiles)
    : context_(context),
      l_(context.layer(layer)),
      layer_(layer),
      tiles_(conv_tiles),
      image_(context.currents_image(layer)),
      sums_(l_.cout),
      moments_(l_.cout) {
  if (!context.functional()) return;
  currents_ = ValueMap::raw(static_cast<int>(maps()), l_.soma_h, l_.soma_w, l_.cout);
}

std::uint64_t CurrentsStage::maps() const {
  return static_cast<std::uint64_t>(context_.batch) * static_cast<std::uint64_t>(steps());
}

RangeCount CurrentsStage::run(int tile, Span channels, KernelClock& kernels) {
  return kernels.run([&] {
    add_currents(currents_, tiles_.tile(tile), channels.begin, channels.end, sums_.sums());
    if (is_last(tile)) {
      const std::uint64_t values = maps() * static_cast<std::uint64_t>(l_.soma_h * l_.soma_w);
      find_moments(sums_.sums(), values, channels.begin, channels.end, moments_.moments());
    }
    return RangeCount{};
  });
}

void CurrentsStage::store(int tile, Span channels, TransferList& list) {
  const Span blocks = completed(channels, 16, l_.cout);
  store_units(context_, image_, TensorKind::potential, tile, blocks, currents_, list);
  if (is_last(tile)) moments_.store(context_, context_.moments(layer_), channels, list);
}

EventCounts CurrentsStage::events(int tile, int channels) const {
  return norm_events(maps() * static_cast<std::uint64_t>(tiles_.tile(tile).area() * channels));
}

std::uint64_t CurrentsStage::bytes(int tile, int channels) const {
  return maps() * static_cast<std::uint64_t>(tiles_.tile(tile).area() * channels) * 2;
}

}  // namespace h2
