#include "modules/h2learn/glb_plan.h"

#include <algorithm>

#include "modules/base/error.h"
#include "modules/network/tiling.h"

namespace h2 {
namespace {

using Items = std::vector<GlbItem>;

constexpr int kValueBytes = 2;
constexpr int kPingPong = 2;
constexpr int kForwardTiles = 2;  // two halves of a map: 8 tiles in flight with 4 samples
constexpr int kChannelGranularity = 16;

std::uint64_t total_of(const Items& items) {
  std::uint64_t sum = 0;
  for (const GlbItem& item : items) sum += item.bytes * item.halves;
  return sum;
}

std::uint64_t product(std::initializer_list<int> factors) {
  std::uint64_t result = 1;
  for (const int factor : factors) result *= factor;
  return result;
}

std::uint64_t bit_bytes(std::uint64_t bits) { return (bits + 7) / 8; }

/// What the sums of one run share.
struct Sizes {
  const Machine& machine;
  int batch, steps;

  int maps() const { return batch * steps; }
  /// Samples and timesteps of a layer's input: pixels do not change with time.
  int input_maps(const Layer& layer) const { return layer.encoding ? batch : maps(); }
  Region largest_tile(int height, int width) const {
    return Tiling(height, width, machine.tile).tile(0);
  }
};

/// Positions of the input, halo included, that a tile of the convolution's map reads.
int input_area(const Layer& layer, Region tile) {
  return ((tile.height() - 1) * layer.stride + layer.kernel) *
         ((tile.width() - 1) * layer.stride + layer.kernel);
}

Items forward_items(const Sizes& sizes, const Layer& layer, int tiles) {
  const ForwardSpec& array = sizes.machine.forward;
  const bool fc = layer.kind == LayerKind::fc;
  const int inputs = std::min(layer.cin_star(), fc ? array.rows * array.sub_luts : array.rows);
  const int outputs = std::min(layer.cout, array.cols);
  const Region tile = sizes.largest_tile(layer.out_h, layer.out_w);
  const std::uint64_t neurons = product({outputs, tile.area(), sizes.maps(), tiles});
  const std::uint64_t spikes =
      product({inputs, input_area(layer, tile), sizes.input_maps(layer), tiles});
  return {{"input spikes", bit_bytes(spikes), kPingPong},
          {"partial sums and u", neurons * kValueBytes, kPingPong},
          {"spikes", bit_bytes(neurons), kPingPong},
          {"mask", bit_bytes(neurons), kPingPong},
          {"weights", product({inputs, outputs, layer.taps(), kValueBytes}), fc ? kPingPong : 1}};
}

Items weight_update_items(const Sizes& sizes, const Layer& layer, int channels) {
  const int outputs = std::min(layer.cout, sizes.machine.weight_update.cols);
  const Region tile = sizes.largest_tile(layer.out_h, layer.out_w);
  const std::uint64_t spikes =
      product({channels, layer.planes, input_area(layer, tile), sizes.input_maps(layer)});
  return {{"grad-u", product({outputs, tile.area(), sizes.maps(), kValueBytes}), kPingPong},
          {"input spikes", bit_bytes(spikes), kPingPong},
          {"grad-w", product({outputs, channels, layer.taps(), kValueBytes}), kPingPong}};
}

/// `above` owns the weights. A tile lies on the map that `above` reads; under AP2 the four tiles of
/// its children pass through the maps and bitmaps one after the other.
Items backward_items(const Sizes& sizes, const Layer& above) {
  const BackwardSpec& array = sizes.machine.backward;
  const bool fc = above.kind == LayerKind::fc;
  const int inputs = std::min(above.cout, array.rows);
  const int outputs = std::min(above.cin, array.cols);
  const Region tile = sizes.largest_tile(above.in_h, above.in_w);
  const int grad_h = (tile.height() + above.kernel - 2) / above.stride + 1;
  const int grad_w = (tile.width() + above.kernel - 2) / above.stride + 1;
  const int own_h = (tile.height() + above.stride - 1) / above.stride;
  const int own_w = (tile.width() + above.stride - 1) / above.stride;
  const std::uint64_t neurons = product({outputs, tile.area(), sizes.maps()});
  return {
      {"grad-u above", product({inputs, grad_h, grad_w, sizes.maps(), kValueBytes}), kPingPong},
      {"grad-u above mask", bit_bytes(product({inputs, own_h, own_w, sizes.maps()})), kPingPong},
      {"u, grad-s and grad-u", 3 * neurons * kValueBytes, kPingPong},
      {"partial sums", array.group * neurons * kValueBytes, kPingPong},
      {"spikes and mask", 2 * bit_bytes(neurons), kPingPong},
      {"weights", product({inputs, outputs, above.taps(), kValueBytes}), fc ? kPingPong : 1}};
}

/// Keeps the largest demand; refuses one above the capacity.
void demand(GlbDemand& worst, const Sizes& sizes, const char* engine, const Layer& layer,
            Items items) {
  const std::uint64_t bytes = total_of(items);
  if (bytes > worst.capacity) {
    throw InputError(std::string("glb.") + engine + ".bytes: layer " + layer.name + " needs " +
                     std::to_string(bytes) + " bytes with tiles of " +
                     std::to_string(sizes.machine.tile.height) + "x" +
                     std::to_string(sizes.machine.tile.width) + ", sub-batch " +
                     std::to_string(sizes.batch) + " and " + std::to_string(sizes.steps) +
                     " timesteps, " + std::to_string(worst.capacity) + " are available");
  }
  if (bytes > worst.total()) {
    worst.items = std::move(items);
    worst.worst_layer = layer.name;
  }
}

/// The most spatial tiles per half that fit, at least 1.
int forward_tiles(const Sizes& sizes, const Layer& layer) {
  const int count = Tiling(layer.out_h, layer.out_w, sizes.machine.tile).count();
  int tiles = std::min(kForwardTiles, count);
  while (tiles > 1 && total_of(forward_items(sizes, layer, tiles)) > sizes.machine.glb.forward) {
    --tiles;
  }
  return tiles;
}

/// All channels, or the largest multiple of the granularity that fits, at least one.
int weight_update_channels(const Sizes& sizes, const Layer& layer) {
  const auto fits = [&](int channels) {
    return total_of(weight_update_items(sizes, layer, channels)) <= sizes.machine.glb.weight_update;
  };
  if (fits(layer.cin)) return layer.cin;
  int channels = layer.cin / kChannelGranularity * kChannelGranularity;
  while (channels > kChannelGranularity && !fits(channels)) channels -= kChannelGranularity;
  return std::max(channels, std::min(layer.cin, kChannelGranularity));
}

}  // namespace

std::uint64_t GlbDemand::total() const { return total_of(items); }

GlbPlan plan_glb(const Machine& machine, const Network& network, int sub_batch) {
  const Sizes sizes{machine, sub_batch, network.timesteps};
  GlbPlan plan;
  plan.forward.capacity = machine.glb.forward;
  plan.weight_update.capacity = machine.glb.weight_update;
  plan.backward.capacity = machine.glb.backward;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    plan.forward_tiles.push_back(forward_tiles(sizes, layer));
    demand(plan.forward, sizes, "forward", layer,
           forward_items(sizes, layer, plan.forward_tiles.back()));
    plan.weight_update_channels.push_back(weight_update_channels(sizes, layer));
    demand(plan.weight_update, sizes, "weight_update", layer,
           weight_update_items(sizes, layer, plan.weight_update_channels.back()));
    if (i > 0) demand(plan.backward, sizes, "backward", layer, backward_items(sizes, layer));
  }
  return plan;
}

}  // namespace h2
