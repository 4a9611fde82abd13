// SPDX-License-Identifier: Apache-2.0
#include "platform/config/fit.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "modules/base/error.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/glb_plan.h"
#include "modules/multicore/core_plan.h"
#include "platform/host/network_image.h"

namespace h2 {

int memory_count(const Config& config) {
  return config.accelerator == AcceleratorKind::sata ? 1 : 3;
}

SataSizes sata_sizes(const Config& config) {
  return {config.sata.buffers, config.machine.tile, config.training.sub_batch,
          config.network.timesteps, config.sata.ann};
}

namespace {

/// A tile's cycles of the Backward Engine are added up in numbers of fixed width.
void require_sums_fit(const Config& config) {
  const BackwardSpec& array = config.machine.backward;
  for (const Layer& layer : config.network.layers) {
    const int height = std::min(config.machine.tile.height, layer.in_h);
    const int width = std::min(config.machine.tile.width, layer.in_w);
    const BackwardSums most = backward_sums(layer, array, height * width);
    if (lane_sums_hold(most.addend, most.sum)) continue;
    throw InputError("engines.backward.empty_window_cycles: " +
                     std::to_string(array.empty_window_cycles) + ", but a tile of " +
                     std::to_string(height) + "x" + std::to_string(width) + " of " + layer.name +
                     " would take more cycles than can be counted; legal: less, or a smaller "
                     "tile or kernel");
  }
}

}  // namespace

void require_tiles_fit(const Config& config) {
  if (config.accelerator == AcceleratorKind::spinalflow) return;  // lists stream through it
  if (config.accelerator == AcceleratorKind::sata) {
    return require_buffers_fit(sata_sizes(config), config.network);
  }
  if (config.accelerator == AcceleratorKind::multicore) {
    const CorePlan plan(config.multicore, config.network, config.training.sub_batch);
    return;
  }
  // What fits its arrays and its buffer is checked with the configuration.
  if (config.accelerator == AcceleratorKind::spinaps) return;
  plan_glb(config.machine, config.network, config.training.sub_batch);
  require_sums_fit(config);
}

h2_device place_network(const Config& config) {
  h2_device device{};
  device.value_bytes = bytes_of(config.machine.numerics);
  device.tile_height = config.machine.tile.height;
  device.tile_width = config.machine.tile.width;
  device.memory_bytes = config.memory.bytes;
  device.memories = H2_MEM_BASE(0);
  device.memory_count = static_cast<std::uint32_t>(memory_count(config));
  device.scratch_bytes = ~std::size_t{0};
  device.bus.read = [](void*, std::uint64_t, void*, std::size_t) { return 0; };
  device.bus.write = [](void*, std::uint64_t, const void*, std::size_t) { return 0; };
  const int error = network_image(config).load(device);
  if (error != H2_OK) {
    throw InputError("memory.bytes: " + std::to_string(config.memory.bytes) +
                     " each: " + h2_error_text(error) + ": " + h2_reason(&device) +
                     "; legal: more bytes, or a smaller network, sub-batch or group");
  }
  return device;
}

namespace {

/// Calls `check`; what it throws begins with the place of the latest of the keys.
template <class Check>
void placed(const Origins& origins, const std::vector<std::string>& keys, Check check) {
  try {
    check();
  } catch (const InputError& e) {
    throw InputError(origins.latest(keys) + ": " + e.what());
  }
}

}  // namespace

void check_fit(const Config& config, const Origins& origins) {
  const bool infers_only = config.accelerator == AcceleratorKind::spinalflow ||
                           config.accelerator == AcceleratorKind::spinaps;
  if (!config.has_network || infers_only) return;
  std::vector<std::string> keys{
      "accelerator",         "network.layers",    "network.input.channels", "network.input.height",
      "network.input.width", "network.timesteps", "network.pool",           "training.sub_batch",
      "tile.height",         "tile.width"};
  std::vector<std::string> buffers = keys, memories = keys;
  for (const char* key :
       {"glb.forward.bytes", "glb.weight_update.bytes", "glb.backward.bytes",
        "engines.backward.empty_window_cycles", "engines.backward.group", "engines.forward.cols",
        "engines.weight_update.cols", "engines.backward.rows", "engines.backward.cols",
        "dataflow.psum_copies", "sata.buffers.spikes.bytes", "sata.buffers.potentials.bytes",
        "sata.buffers.weights.bytes", "sata.buffers.gradients.bytes", "sata.buffers.mask.bytes"}) {
    buffers.emplace_back(key);
  }
  for (const char* key :
       {"memory.bytes", "training.batch_group", "dataflow.fc_weight_gradient", "numerics"}) {
    memories.emplace_back(key);
  }
  placed(origins, buffers, [&] { require_tiles_fit(config); });
  placed(origins, memories, [&] { place_network(config); });
}

}  // namespace h2
