// SPDX-License-Identifier: Apache-2.0
#include "platform/experiment/table_designs.h"

#include "modules/h2learn/energy_plan.h"
#include "modules/h2learn/event_counts.h"
#include "modules/network/network.h"
#include "modules/network/tiling.h"
#include "platform/config/energy_table.h"

namespace h2 {
namespace {

Layer layer_of_fig_14() {
  Layer layer;
  layer.name = "conv";
  layer.cin = 256;
  layer.cout = 512;
  layer.in_h = layer.in_w = 14;
  layer.kernel = 3;
  derive_shapes(layer);
  return layer;
}

DesignCost cost(const EngineCosts& costs, const EventCounts& events) {
  DesignCost design;
  for (const auto event : {kLutWrites, kLutFillAdds, kLutReads, kAccAdds}) {
    design.energy_pj += costs.event_pj[event] * static_cast<double>(events[event]);
  }
  for (const auto& [part, area] : costs.area_mm2) {
    if (part == "luts" || part == "adders") design.area_mm2 += area;
  }
  return design;
}

EngineCosts costs_of(const Machine& machine, const std::string& preset, std::size_t engine) {
  return price(h2learn_energy_plan(machine)[engine], load_cost_table({preset, ""}));
}

/// Sums `of_tile` over the tiles of the map.
template <class OfTile>
EventCounts over_tiles(const Machine& m, const Layer& layer, OfTile of_tile) {
  const Tiling tiles(layer.out_h, layer.out_w, m.tile);
  EventCounts events;
  for (int t = 0; t < tiles.count(); ++t) {
    events += of_tile(ChunkPart{tiles.tile(t), 0, layer.cin, layer.cout, 4, 10, true});
  }
  return events;
}

}  // namespace

DesignCost forward_design(const Machine& m, const std::string& preset) {
  const Layer layer = layer_of_fig_14();
  return cost(costs_of(m, preset, 0), over_tiles(m, layer, [&](const ChunkPart& part) {
                return forward_events(layer, m.forward, part, 0);
              }));
}

DesignCost weight_update_design(const Machine& m, const std::string& preset) {
  const Layer layer = layer_of_fig_14();
  return cost(costs_of(m, preset, 2), over_tiles(m, layer, [&](const ChunkPart& part) {
                return weight_gradient_events(layer, m.weight_update, part, 0, 0);
              }));
}

}  // namespace h2
