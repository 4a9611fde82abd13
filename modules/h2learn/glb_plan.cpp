// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/glb_plan.h"

#include <algorithm>
#include <utility>

#include "modules/base/error.h"
#include "modules/contract/h2_layout.h"
#include "modules/h2learn/glb_sizes.h"

namespace h2 {

void demand(GlbDemand& worst, const GlbSizes& sizes, const char* engine, const Layer& layer,
            GlbItems items) {
  const std::uint64_t bytes = total_of(items);
  if (bytes > worst.capacity) {
    throw InputError(std::string("glb.") + engine + ".bytes: layer " + layer.name + " needs " +
                     std::to_string(bytes) + " bytes with tiles of " +
                     std::to_string(sizes.machine.tile.height) + "x" +
                     std::to_string(sizes.machine.tile.width) + ", sub-batch " +
                     std::to_string(sizes.batch) + " and " + std::to_string(sizes.steps) +
                     " timesteps, " + std::to_string(worst.capacity) +
                     " are available; legal: a buffer of so many bytes, or smaller tiles, "
                     "sub-batches or layers");
  }
  if (bytes > worst.total()) {
    worst.items = std::move(items);
    worst.worst_layer = layer.name;
  }
}

GlbRoom room_of(const GlbItems& items, std::uint64_t capacity) {
  std::uint64_t results = 0;
  for (const GlbItem& item : items) results += item.made ? item.bytes * item.halves : 0;
  return {capacity - std::min(capacity, results), std::min(capacity, results)};
}

std::uint64_t GlbDemand::total() const { return total_of(items); }

GlbPlan plan_glb(const Machine& machine, const Network& network, int sub_batch) {
  GlbSizes sizes{machine, sub_batch, network.timesteps};
  GlbPlan plan;
  plan.forward.capacity = machine.glb.forward;
  plan.weight_update.capacity = machine.glb.weight_update;
  plan.backward.capacity = machine.glb.backward;
  plan.backward_room.emplace_back();
  plan.fc_order.push_back(FcOrder::text);
  plan.backward_nest.emplace_back();
  plan.backward_bytes.push_back(0);
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    // Behind a map a fully connected layer reads whole blocks of channels at all positions.
    const bool flat = layer.kind == LayerKind::fc && i > 0;
    const Layer& below = network.layers[flat ? i - 1 : i];
    const Tiling tiles(below.next_h, below.next_w, machine.tile);
    sizes.parts = flat ? static_cast<int>(H2_PARTS) * tiles.count() : kMostParts;
    sizes.stored = kChannelGranularity * (flat ? below.next_h * below.next_w : 1);
    plan_forward(sizes, layer, plan);
    plan_weight_update(sizes, layer, plan);
    plan_norm(sizes, layer, plan);
    if (i > 0) plan_backward(sizes, network.layers[i - 1], layer, plan);
  }
  plan_grad(sizes, network, plan);
  return plan;
}

}  // namespace h2
