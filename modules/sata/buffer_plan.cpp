// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/buffer_plan.h"

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr int kBlock = 16;          // channels that are stored together
constexpr int kWeightInputs = 64;   // inputs of a stored block of weights
constexpr int kMostParts = 9 * 16;  // pieces of a tile with its halo, each padded to a byte
constexpr std::uint64_t kValueBytes = 2;

std::uint64_t area_of(int height, int width) {
  return static_cast<std::uint64_t>(height) * static_cast<std::uint64_t>(width);
}

std::uint64_t largest_tile(const SataSizes& sizes, int height, int width) {
  return static_cast<std::uint64_t>(Tiling(height, width, sizes.tile).tile(0).area());
}

/// Positions of the input, halo included, that a tile of the convolution's map reads.
std::uint64_t input_area(const SataSizes& sizes, const Layer& l) {
  const Region tile = Tiling(l.out_h, l.out_w, sizes.tile).tile(0);
  return area_of((tile.height() - 1) * l.stride + l.kernel,
                 (tile.width() - 1) * l.stride + l.kernel);
}

std::uint64_t bit_bytes(std::uint64_t bits) { return ceil_div(bits, 8); }

int blocks_of(int channels) { return ceil_div(channels, kBlock); }

/// Most units of `bytes` in `room`, at most `all`; 0: not one.
int fitting(std::uint64_t bytes, std::uint64_t room, int all) {
  return static_cast<int>(std::min<std::uint64_t>(room / bytes, static_cast<std::uint64_t>(all)));
}

/// Remembers the first buffer that is too small.
void require(SataCut& cut, const char* buffer, std::uint64_t bytes, std::uint64_t capacity) {
  if (bytes <= capacity || !cut.lacks.empty()) return;
  cut.lacks = std::string("sata.buffers.") + buffer + ".bytes: " + std::to_string(capacity) +
              "; legal here: at least " + std::to_string(bytes);
}

/// Spikes of the smallest part of an input that can be read, and its channels*.
struct SpikeUnit {
  int stars = 0, count = 0;
  std::uint64_t bytes = 0;
};

SpikeUnit spike_unit(const SataSizes& sizes, const Layer& l, int positions) {
  const std::uint64_t maps = l.encoding ? static_cast<std::uint64_t>(sizes.batch) : sizes.maps();
  SpikeUnit unit;
  unit.stars = kBlock * l.planes * positions;
  unit.count = ceil_div(l.cin_star(), unit.stars);
  const std::uint64_t area = positions > 1 ? 1 : input_area(sizes, l);
  const std::uint64_t padding = l.cin_star() % kBlock == 0 ? 0 : kMostParts;
  const std::uint64_t bits = sizes.ann ? 8 * kValueBytes : 1;
  unit.bytes = bit_bytes(maps * area * std::min(unit.stars, l.cin_star()) * bits) + padding;
  return unit;
}

}  // namespace

Layer array_view(Layer layer, bool ann) {
  if (ann) layer.planes = 1;
  return layer;
}

SataCut cut_forward(const SataSizes& sizes, const Layer& layer, int positions) {
  const Layer l = array_view(layer, sizes.ann);
  const SataBuffers& b = sizes.buffers;
  SataCut cut;
  const std::uint64_t neurons = kBlock * sizes.maps() * largest_tile(sizes, l.out_h, l.out_w);
  const std::uint64_t weights = kBlock * kValueBytes * l.taps() * l.cin;
  cut.room = {b.weights + b.spikes / 2, b.potentials + b.mask + b.spikes / 2};
  // u, mask, spikes and what pooling makes of them.
  const std::uint64_t results = neurons * kValueBytes + 3 * bit_bytes(neurons);
  int blocks = blocks_of(l.cout);
  require(cut, "potentials", neurons * kValueBytes, b.potentials);
  require(cut, "mask", bit_bytes(neurons), b.mask);
  require(cut, "spikes", 2 * bit_bytes(neurons), b.spikes);
  blocks = std::min({blocks, fitting(neurons * kValueBytes, b.potentials, blocks),
                     fitting(bit_bytes(neurons), b.mask, blocks),
                     fitting(bit_bytes(neurons), b.spikes / 2, blocks),
                     fitting(results, cut.room.results, blocks)});
  // Half of the buffer, so that the next filters load beside these; all of it if need be.
  int filters = fitting(weights, b.weights / 2, blocks);
  if (filters == 0) filters = fitting(weights, b.weights, 1);
  cut.weights_stay = filters > 0;
  cut.outputs = kBlock * std::max(1, filters);
  const SpikeUnit unit = spike_unit(sizes, l, positions);
  require(cut, "spikes", 2 * unit.bytes, b.spikes);
  int units = std::max(1, fitting(unit.bytes, b.spikes / 2, unit.count));
  if (!cut.weights_stay) {
    // A piece of the weights at a time.
    const std::uint64_t block = kBlock * kValueBytes * l.taps() * std::min(l.cin, kWeightInputs);
    require(cut, "weights", 2 * block, b.weights);
    const std::uint64_t piece =
        std::max<std::uint64_t>(1, b.weights / 2 / block) * kWeightInputs * l.planes;
    units = static_cast<int>(std::clamp<std::uint64_t>(
        piece / static_cast<std::uint64_t>(unit.stars), 1, static_cast<std::uint64_t>(units)));
  }
  cut.inputs = units * unit.stars;
  return cut;
}

SataCut cut_backward(const SataSizes& sizes, const Layer& l, const Layer& above) {
  const SataBuffers& b = sizes.buffers;
  SataCut cut;
  const std::uint64_t maps = sizes.maps();
  const std::uint64_t sums = kBlock * kValueBytes * maps * largest_tile(sizes, l.next_h, l.next_w);
  const std::uint64_t made = kBlock * kValueBytes * maps * largest_tile(sizes, l.soma_h, l.soma_w);
  const std::uint64_t own = sums + (l.pool == PoolMode::after_soma ? made : 0);
  std::uint64_t around = 1;
  if (above.kind == LayerKind::conv) {
    const Region tile = Tiling(above.in_h, above.in_w, sizes.tile).tile(0);
    around = area_of(ceil_div(tile.height() + above.kernel - 1, above.stride),
                     ceil_div(tile.width() + above.kernel - 1, above.stride));
  }
  const std::uint64_t operand = kBlock * kValueBytes * maps * around;
  require(cut, "gradients", own + operand, b.gradients);
  require(cut, "potentials", made, b.potentials);
  const int all = blocks_of(l.cout);
  // The operand takes at least half of the gradient buffer, if it needs so much.
  const std::uint64_t room =
      b.gradients - std::min(b.gradients, std::max(operand, b.gradients / 2));
  const int blocks =
      std::max(1, std::min(fitting(own, room, all), fitting(made, b.potentials, all)));
  cut.outputs = kBlock * blocks;
  const std::uint64_t left = b.gradients - std::min(b.gradients, own * blocks);
  cut.inputs = kBlock * std::max(1, fitting(operand, left, blocks_of(above.cout)));
  const bool fully = above.kind == LayerKind::fc;
  const std::uint64_t places = fully ? area_of(l.next_h, l.next_w) : above.taps();
  const std::uint64_t row =
      kValueBytes * places *
      std::min<std::uint64_t>(l.cout, ceil_div(cut.outputs, kWeightInputs) * kWeightInputs);
  cut.weights_stay = row * above.cout <= b.weights;
  if (!cut.weights_stay) {
    require(cut, "weights", kBlock * row, b.weights);
    const int piece = kBlock * std::max(1, fitting(kBlock * row, b.weights / 2, 1 << 16));
    cut.inputs = std::min(cut.inputs, piece);
  }
  // Twice the results, if they fit beside the operand: one tile is stored while the next is made.
  const std::uint64_t taken = operand * (cut.inputs / kBlock);
  const std::uint64_t results = std::max(
      own * blocks, std::min(2 * own * blocks, b.gradients - std::min(b.gradients, taken)));
  cut.room = {b.total() - std::min(b.total(), results), results};
  return cut;
}

SataCut cut_gradient(const SataSizes& sizes, const Layer& l) {
  SataCut cut;
  const std::uint64_t maps = sizes.maps();
  const std::uint64_t own =
      kBlock * kValueBytes * maps *
      (largest_tile(sizes, l.next_h, l.next_w) + largest_tile(sizes, l.soma_h, l.soma_w));
  require(cut, "gradients", own, sizes.buffers.gradients);
  cut.outputs = kBlock * std::max(1, fitting(own, sizes.buffers.gradients, blocks_of(l.cout)));
  const std::uint64_t results = std::min(sizes.buffers.gradients, own * cut.outputs / kBlock);
  cut.room = {sizes.buffers.total() - results, results};
  return cut;
}

SataCut cut_weight_gradient(const SataSizes& sizes, const Layer& layer, int positions) {
  const Layer l = array_view(layer, sizes.ann);
  const SataBuffers& b = sizes.buffers;
  SataCut cut;
  const std::uint64_t gradients =
      kBlock * kValueBytes * sizes.maps() * largest_tile(sizes, l.out_h, l.out_w);
  require(cut, "gradients", gradients, b.gradients);
  const SpikeUnit unit = spike_unit(sizes, l, positions);
  require(cut, "spikes", unit.bytes, b.spikes);
  const int channels = std::min(l.cin, unit.stars / l.planes);
  const std::uint64_t sums = kBlock * kValueBytes * l.taps() * channels;
  require(cut, "weights", sums, b.weights);
  const std::uint64_t block = kBlock * kValueBytes * l.taps() * std::min(l.cin, kWeightInputs);
  require(cut, "weights", block, b.gradients + b.spikes);  // read back through the operand side
  const int units = std::max(
      1, std::min(fitting(unit.bytes, b.spikes, unit.count), fitting(sums, b.weights, unit.count)));
  cut.inputs = units * (unit.stars / l.planes);
  cut.outputs = kBlock * std::max(1, std::min(fitting(sums * units, b.weights, blocks_of(l.cout)),
                                              fitting(gradients, b.gradients, blocks_of(l.cout))));
  cut.room = {b.gradients + b.spikes, b.weights};
  return cut;
}

int producer_positions(const Network& network, std::size_t layer) {
  if (layer == 0 || network.layers[layer].kind == LayerKind::conv) return 1;
  const Layer& below = network.layers[layer - 1];
  return below.next_h * below.next_w;
}

void require_buffers_fit(const SataSizes& sizes, const Network& network) {
  const auto check = [&](const SataCut& cut, const Layer& l, const char* phase) {
    if (cut.lacks.empty()) return;
    throw InputError(cut.lacks + " for " + l.name + ", " + phase + ", with tile " +
                     std::to_string(sizes.tile.height) + "x" + std::to_string(sizes.tile.width) +
                     ", training.sub_batch " + std::to_string(sizes.batch) +
                     " and network.timesteps " + std::to_string(sizes.steps) +
                     ": smaller ones need less");
  };
  const auto& layers = network.layers;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const int positions = producer_positions(network, i);
    check(cut_forward(sizes, layers[i], positions), layers[i], "forward");
    check(cut_weight_gradient(sizes, layers[i], positions), layers[i], "weight gradient");
    if (i + 1 < layers.size()) {
      check(cut_backward(sizes, layers[i], layers[i + 1]), layers[i + 1], "backward");
    }
  }
  check(cut_gradient(sizes, layers.back()), layers.back(), "gradient");
}

}  // namespace h2
