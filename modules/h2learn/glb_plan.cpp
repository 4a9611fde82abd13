// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/glb_plan.h"

#include <algorithm>
#include <utility>

#include "modules/base/error.h"
#include "modules/contract/h2_layout.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/network/tiling.h"

namespace h2 {
namespace {

using Items = std::vector<GlbItem>;

constexpr int kValueBytes = 2;
constexpr int kPingPong = 2;
constexpr int kForwardTiles = 2;  // two halves of a map: 8 tiles in flight with 4 samples
constexpr int kChannelGranularity = 16;
constexpr int kWeightBlockInputs = 64;
constexpr int kMostParts = 9 * 16;  // of a tile with its halo, stride 2: 3 x 3 tiles and borders

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
  int stored = kChannelGranularity;  ///< inputs* of the layer that are read together at least

  int parts = kMostParts;  ///< pieces that these lie in at most

  /// Bits of a block with less than 16 channels are padded to a byte in every piece.
  std::uint64_t padding(const Layer& layer) const {
    return layer.cin_star() % kChannelGranularity == 0 ? 0 : parts;
  }
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

/// Channels that are read for `count` of `all`, whole blocks of storage: a range that is no
/// multiple of a block may begin and end inside one.
int covering(int count, int block, int all) {
  if (count >= all) return all;
  return std::min(all, count % block == 0 ? count : (count + block - 2) / block * block + block);
}

std::uint64_t values(std::uint64_t count) { return count * kValueBytes; }

Items forward_items(const Sizes& sizes, const Layer& layer, int tiles, bool resident) {
  const ForwardSpec& array = sizes.machine.forward;
  const bool fc = layer.kind == LayerKind::fc;
  const int inputs = std::min(layer.cin_star(), fc ? forward_fc_step(sizes.machine) : array.rows);
  const int outputs = std::min(layer.cout, array.cols);
  const Region tile = sizes.largest_tile(layer.out_h, layer.out_w);
  const std::uint64_t neurons = product({outputs, tile.area(), sizes.maps(), tiles});
  const std::uint64_t spikes =
      product({resident ? layer.cin_star() : covering(inputs, sizes.stored, layer.cin_star()),
               input_area(layer, tile), sizes.input_maps(layer), tiles});
  // Chunks that divide the planes of a stored block share it.
  const bool shared = kWeightBlockInputs * layer.planes % inputs == 0;
  const int weight_inputs =
      shared ? std::min(layer.cin, std::max(kWeightBlockInputs, inputs / layer.planes))
             : covering((inputs + layer.planes - 1) / layer.planes, kWeightBlockInputs, layer.cin);
  const int weight_outputs = covering(outputs, kChannelGranularity, layer.cout);
  return {{"input spikes", bit_bytes(spikes) + sizes.padding(layer), resident ? 1 : kPingPong},
          {"partial sums and u", values(neurons), kPingPong, true},
          {"spikes", bit_bytes(neurons), kPingPong, true},
          {"mask", bit_bytes(neurons), kPingPong, true},
          {"weights", values(product({weight_inputs, weight_outputs, layer.taps()})),
           fc ? kPingPong : 1}};
}

/// Halves of the Weight Update Engine's buffers for spikes and grad-w.
struct WeightUpdateHalves {
  int spikes = kPingPong, grad_w = kPingPong;
};

Items weight_update_items(const Sizes& sizes, const Layer& layer, int channels,
                          WeightUpdateHalves halves, bool resident) {
  const int outputs = std::min(layer.cout, sizes.machine.weight_update.cols);
  const Region tile = sizes.largest_tile(layer.out_h, layer.out_w);
  const std::uint64_t spikes =
      product({resident ? layer.cin_star()
                        : covering(channels * layer.planes, sizes.stored, layer.cin_star()),
               input_area(layer, tile), sizes.input_maps(layer)});
  const int vectors = resident ? layer.cout : outputs;
  const int once = resident ? 1 : kPingPong;
  Items items{
      {"grad-u", values(product({vectors, tile.area(), sizes.maps()})), once},
      {"input spikes", bit_bytes(spikes) + sizes.padding(layer), resident ? 1 : halves.spikes},
      {"grad-w", values(product({outputs, channels, layer.taps()})), halves.grad_w, true}};
  // The sum so far is read in steps, in the place of grad-u and spikes unless these stay.
  const std::uint64_t step =
      values(product({std::min(outputs, kMergeOutputs), channels, layer.taps()}));
  const std::uint64_t place =
      resident ? 0 : items[0].bytes * items[0].halves + items[1].bytes * items[1].halves;
  if (step > place) items.push_back({"grad-w so far", step - place, 1});
  return items;
}

/// `above` owns the weights. A tile lies on the map that `above` reads; under AP2 the four tiles of
/// its children pass through the maps and bitmaps one after the other. The bitmap of grad-u takes
/// the place of grad-s, which is consumed.
Items backward_items(const Sizes& sizes, const Layer& below, const Layer& above) {
  const BackwardSpec& array = sizes.machine.backward;
  const int inputs = covering(array.rows, kChannelGranularity, above.cout);
  const int outputs = std::min(above.cin, array.cols);
  const int read = covering(outputs, kChannelGranularity, above.cin);
  const Region tile = sizes.largest_tile(above.in_h, above.in_w);
  const Region soma = sizes.largest_tile(below.soma_h, below.soma_w);
  const int grad_h = (tile.height() + above.kernel - 2) / above.stride + 1;
  const int grad_w = (tile.width() + above.kernel - 2) / above.stride + 1;
  const int own_h = (tile.height() + above.stride - 1) / above.stride;
  const int own_w = (tile.width() + above.stride - 1) / above.stride;
  const std::uint64_t sums = product({outputs, tile.area(), sizes.maps()});
  const std::uint64_t neurons = product({read, std::max(tile.area(), soma.area()), sizes.maps()});
  return {
      {"grad-u above", values(product({inputs, grad_h, grad_w, sizes.maps()})), kPingPong},
      {"grad-u above mask", bit_bytes(product({inputs, own_h, own_w, sizes.maps()})), kPingPong},
      {"u", values(neurons), kPingPong},
      {"grad-s and grad-u", 2 * values(neurons), kPingPong, true},
      {"partial sums", partial_sum_copies(sizes.machine) * values(sums), kPingPong, true},
      {"spikes and mask", 2 * bit_bytes(neurons), kPingPong},
      {"weights",
       values(product({inputs, covering(outputs, kWeightBlockInputs, above.cin), above.taps()})),
       1}};
}

/// Channels, in whole blocks, whose sums at all positions are complete after a step of inputs, at
/// most: Grad takes them together.
int graded_channels(int step, int positions, int inputs, int channels) {
  int most = 0;
  for (int begin = 0; begin < inputs; begin += step) {
    const Span done{begin / positions, std::min(begin + step, inputs) / positions};
    most = std::max(most, completed(done, kChannelGranularity, channels).size());
  }
  return most * kChannelGranularity;
}

/// Through a fully connected layer. The PEs of a group work on different vectors: one partial sum
/// per input.
Items backward_fc_items(const Sizes& sizes, const Layer& below, const Layer& above, FcOrder order) {
  const Machine& machine = sizes.machine;
  const Region soma = sizes.largest_tile(below.soma_h, below.soma_w);
  const bool stream = order == FcOrder::stream;
  const int step = stream ? backward_fc_step(machine) : machine.backward.cols;
  const int chunk_outputs = machine.backward.rows * (stream ? 1 : 9);
  // Behind a map the sums of whole channels come together.
  const int positions = below.kind == LayerKind::conv ? below.next_h * below.next_w : 1;
  const int inputs = std::min(above.cin, stream ? above.cin : std::max(step, 16 * positions));
  const int channels =
      std::min(below.cout, graded_channels(step, positions, above.cin, below.cout));
  const std::uint64_t neurons = product({channels, soma.area(), sizes.maps()});
  const int vector = order == FcOrder::text ? std::min(above.cout, chunk_outputs) : above.cout;
  return {
      {"grad-u above", values(product({vector, sizes.maps()})),
       order == FcOrder::text ? kPingPong : 1},
      {"u", values(neurons), kPingPong},
      {"grad-s and grad-u", 2 * values(neurons), kPingPong, true},
      {"partial sums", values(product({inputs, sizes.maps()})), stream ? 1 : kPingPong, true},
      {"spikes and mask", 2 * bit_bytes(neurons), kPingPong},
      {"weights", values(product({std::min(above.cin, step), std::min(above.cout, chunk_outputs)})),
       kPingPong}};
}

/// The last layer's job: Grad alone. A tile of the map that the layer hands on completes up to four
/// Soma tiles.
Items grad_items(const Sizes& sizes, const Layer& layer) {
  const Region soma = sizes.largest_tile(layer.soma_h, layer.soma_w);
  const int tiles = layer.pool == PoolMode::after_soma ? 4 : 1;
  const int channels = std::min(layer.cout, (sizes.machine.backward.cols + 15) / 16 * 16);
  const std::uint64_t neurons = product({channels, soma.area(), sizes.maps(), tiles});
  return {{"loss gradient and u", 2 * values(neurons), 1},
          {"spikes and mask", 2 * bit_bytes(neurons), 1},
          {"grad-s and grad-u", 2 * values(neurons), 1, true}};
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

GlbRoom room_of(const Items& items, std::uint64_t capacity) {
  std::uint64_t results = 0;
  for (const GlbItem& item : items) results += item.made ? item.bytes * item.halves : 0;
  return {capacity - std::min(capacity, results), std::min(capacity, results)};
}

/// The most spatial tiles per half that fit, at least 1.
int forward_tiles(const Sizes& sizes, const Layer& layer) {
  const int count = Tiling(layer.out_h, layer.out_w, sizes.machine.tile).count();
  int tiles = std::min(kForwardTiles, count);
  while (tiles > 1 &&
         total_of(forward_items(sizes, layer, tiles, false)) > sizes.machine.glb.forward) {
    --tiles;
  }
  return tiles;
}

void plan_forward(const Sizes& sizes, const Layer& layer, GlbPlan& plan) {
  const std::uint64_t capacity = sizes.machine.glb.forward;
  const int tiles = forward_tiles(sizes, layer);
  const bool resident =
      layer.kind == LayerKind::fc && total_of(forward_items(sizes, layer, tiles, true)) <= capacity;
  Items items = forward_items(sizes, layer, tiles, resident);
  plan.forward_tiles.push_back(tiles);
  plan.forward_resident.push_back(resident);
  plan.forward_room.push_back(room_of(items, capacity));
  demand(plan.forward, sizes, "forward", layer, std::move(items));
}

/// Channels of a pass: all, or the largest multiple of 64 (16) that fits, at least one.
int weight_update_channels(const Sizes& sizes, const Layer& layer, bool resident) {
  const auto fits = [&](int channels) {
    return total_of(weight_update_items(sizes, layer, channels, {}, resident)) <=
           sizes.machine.glb.weight_update;
  };
  if (fits(layer.cin)) return layer.cin;
  const auto largest = [&](int step) {
    int channels = layer.cin / step * step;
    while (channels > step && !fits(channels)) channels -= step;
    return channels;
  };
  const int wide = largest(kWeightBlockInputs);
  if (wide > 0 && fits(wide)) return wide;
  return std::max(largest(kChannelGranularity), std::min(layer.cin, kChannelGranularity));
}

void plan_weight_update(const Sizes& sizes, const Layer& layer, GlbPlan& plan) {
  const std::uint64_t capacity = sizes.machine.glb.weight_update;
  const bool fc = layer.kind == LayerKind::fc;
  constexpr WeightUpdateHalves kSingle{1, 1};
  const int least = std::min(layer.cin, kWeightBlockInputs);
  const bool resident =
      fc && total_of(weight_update_items(sizes, layer, least, {}, true)) <= capacity;
  int channels = weight_update_channels(sizes, layer, resident);
  WeightUpdateHalves halves;
  if (!fc && channels < layer.cin &&
      total_of(weight_update_items(sizes, layer, layer.cin, kSingle, false)) <= capacity) {
    channels = layer.cin;
    halves = kSingle;
  }
  Items items = weight_update_items(sizes, layer, channels, halves, resident);
  plan.weight_update_channels.push_back(channels);
  plan.weight_update_resident.push_back(resident);
  plan.weight_update_room.push_back(room_of(items, capacity));
  demand(plan.weight_update, sizes, "weight_update", layer, std::move(items));
}

void plan_backward(const Sizes& sizes, const Layer& below, const Layer& above, GlbPlan& plan) {
  const std::uint64_t capacity = sizes.machine.glb.backward;
  FcOrder order = FcOrder::text;
  Items items;
  if (above.kind == LayerKind::fc) {
    for (const FcOrder o : {FcOrder::stream, FcOrder::resident, FcOrder::text}) {
      order = o;
      items = backward_fc_items(sizes, below, above, o);
      if (total_of(items) <= capacity) break;
    }
  } else {
    items = backward_items(sizes, below, above);
  }
  plan.fc_order.push_back(order);
  plan.backward_room.push_back(room_of(items, capacity));
  demand(plan.backward, sizes, "backward", above, std::move(items));
}

}  // namespace

std::uint64_t GlbDemand::total() const { return total_of(items); }

GlbPlan plan_glb(const Machine& machine, const Network& network, int sub_batch) {
  Sizes sizes{machine, sub_batch, network.timesteps};
  GlbPlan plan;
  plan.forward.capacity = machine.glb.forward;
  plan.weight_update.capacity = machine.glb.weight_update;
  plan.backward.capacity = machine.glb.backward;
  plan.backward_room.emplace_back();
  plan.fc_order.push_back(FcOrder::text);
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
    if (i > 0) plan_backward(sizes, network.layers[i - 1], layer, plan);
  }
  const Layer& last = network.layers.back();
  Items grad = grad_items(sizes, last);
  plan.grad_room = room_of(grad, machine.glb.backward);
  if (network.layers.size() > 1) demand(plan.backward, sizes, "backward", last, std::move(grad));
  return plan;
}

}  // namespace h2
