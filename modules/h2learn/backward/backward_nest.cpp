// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/backward_nest.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "modules/h2learn/jobs/feeds.h"
#include "modules/h2learn/jobs/loop_nest.h"
#include "modules/tensor/tensor_image.h"

namespace h2 {
namespace {

constexpr int kBlock = static_cast<int>(H2_BLOCK);
constexpr int kWeightInputs = static_cast<int>(H2_WEIGHT_BLOCK_IN);
constexpr int kBytes = 2;  // of a value

TensorImage gradient_image(const Machine& machine, const Layer& above, int batch, int steps) {
  h2_map m{};
  m.channels = static_cast<std::uint32_t>(above.cout);
  m.height = static_cast<std::uint32_t>(above.soma_h);
  m.width = static_cast<std::uint32_t>(above.soma_w);
  m.steps = static_cast<std::uint32_t>(steps);
  m.samples = static_cast<std::uint32_t>(batch);
  m.tile_height = static_cast<std::uint32_t>(machine.tile.height);
  m.tile_width = static_cast<std::uint32_t>(machine.tile.width);
  m.border = gradient_border(above);
  return {0, m};
}

Region clipped(Region r, const h2_map& map) {
  return {std::max(r.y0, 0), std::min(r.y1, static_cast<int>(map.height)), std::max(r.x0, 0),
          std::min(r.x1, static_cast<int>(map.width))};
}

}  // namespace

std::string text_of(const BackwardNest& nest, const Layer& above) {
  std::string text = nest.tile_outermost ? "tile outermost" : "pass outermost";
  if (nest.gradient_channels == 0 && nest.weight_channels == 0) return text;
  const auto named = [](const char* name, int channels) {
    return std::string(name) + " of " + std::to_string(channels);
  };
  text += ", ";
  if (nest.gradient_channels > 0) text += named("grad-u", nest.gradient_channels);
  if (nest.gradient_channels > 0 && nest.weight_channels > 0) text += " and ";
  if (nest.weight_channels > 0) text += named("weights", nest.weight_channels);
  return text + " of " + std::to_string(above.cout) + " channels stay";
}

BackwardCosts::BackwardCosts(const Machine& machine, const Layer& above, int batch, int steps)
    : blocks_(static_cast<std::size_t>(pieces(kBlock, above.cout))),
      channels_(above.cout),
      passes_(pieces(machine.backward.cols, above.inputs())),
      tiles_(Tiling(above.in_h, above.in_w, machine.tile).count()),
      halo_(machine.halo) {
  measure_gradient(machine, above, batch, steps);
  measure_weights(machine, above);
}

void BackwardCosts::measure_gradient(const Machine& machine, const Layer& above, int batch,
                                     int steps) {
  const TensorImage image = gradient_image(machine, above, batch, steps);
  const Tiling tiles(above.in_h, above.in_w, machine.tile);
  const auto bytes = [&](int unit, unsigned parts) {
    std::uint64_t sum = 0;
    for (int p = 0; p < static_cast<int>(H2_PARTS); ++p) {
      if ((parts >> p & 1U) == 0) continue;
      sum += image.elements(unit, {p, p + 1}) * kBytes + image.bits_bytes(unit, {p, p + 1});
    }
    return sum;
  };
  std::vector<unsigned> touched(static_cast<std::size_t>(image.tiles()));
  for (int t = 0; t < tiles.count(); ++t) {
    const Region region =
        clipped(stored_gradient(above, fed_by(above, tiles.tile(t))), image.map());
    std::vector<std::uint64_t> window(blocks_.size());
    for (const int source : image.tiling().touching(region)) {
      const unsigned parts = image.parts_touching(source, region);
      touched[static_cast<std::size_t>(source)] |= parts;
      for (std::size_t b = 0; b < blocks_.size(); ++b) {
        window[b] += bytes(image.unit(source, static_cast<int>(b)), parts);
      }
    }
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      blocks_[b].windows += window[b];
      blocks_[b].largest_window = std::max(blocks_[b].largest_window, window[b]);
    }
  }
  for (int source = 0; source < image.tiles(); ++source) {
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      blocks_[b].map +=
          bytes(image.unit(source, static_cast<int>(b)), touched[static_cast<std::size_t>(source)]);
    }
  }
}

void BackwardCosts::measure_weights(const Machine& machine, const Layer& above) {
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    Block& block = blocks_[b];
    const Span outputs = piece(static_cast<int>(b), kBlock, above.cout);
    const std::uint64_t input =
        static_cast<std::uint64_t>(outputs.size()) * above.taps() * kBytes;  // weights of one
    block.reads =
        (outputs.end - 1) / machine.backward.rows - outputs.begin / machine.backward.rows + 1;
    block.weights = input * above.cin;
    for (int pass = 0; pass < passes_; ++pass) {
      const Span inputs = piece(pass, machine.backward.cols, above.inputs());
      const int first = inputs.begin / kWeightInputs * kWeightInputs;
      const int end = std::min(pieces(kWeightInputs, inputs.end) * kWeightInputs, above.cin);
      const std::uint64_t bytes = input * (end - first);
      block.pass_weights += bytes;
      block.largest_pass = std::max(block.largest_pass, bytes);
    }
  }
}

std::uint64_t BackwardCosts::gradient_bytes(const BackwardNest& nest) const {
  std::uint64_t sum = 0;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    if (stays(b, nest.gradient_channels)) {
      sum += nest.tile_outermost ? block.windows : block.map;
    } else if (halo_ == Halo::free) {
      sum += passes_ * block.map;
    } else {
      sum += passes_ * block.reads * block.windows;
    }
  }
  return sum;
}

std::uint64_t BackwardCosts::weight_bytes(const BackwardNest& nest) const {
  std::uint64_t sum = 0;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    if (!stays(b, nest.weight_channels)) {
      sum += tiles_ * block.pass_weights;
    } else {
      sum += nest.tile_outermost ? block.weights : block.pass_weights;
    }
  }
  return sum;
}

std::uint64_t BackwardCosts::read_bytes(const BackwardNest& nest) const {
  return gradient_bytes(nest) + weight_bytes(nest);
}

std::uint64_t BackwardCosts::held_gradient(const BackwardNest& nest) const {
  std::uint64_t sum = 0;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    if (!stays(b, nest.gradient_channels)) continue;
    sum += nest.tile_outermost ? blocks_[b].largest_window : blocks_[b].map;
  }
  return sum;
}

std::uint64_t BackwardCosts::held_weights(const BackwardNest& nest) const {
  std::uint64_t sum = 0;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    if (!stays(b, nest.weight_channels)) continue;
    sum += nest.tile_outermost ? blocks_[b].weights : blocks_[b].largest_pass;
  }
  return sum;
}

int BackwardCosts::channels_of(std::size_t blocks) const {
  return std::min(static_cast<int>(blocks) * kBlock, channels_);
}

/// With as many channels of weights as fit.
BackwardNest BackwardCosts::largest(BackwardNest nest, std::uint64_t room) const {
  for (std::size_t blocks = 0; blocks <= blocks_.size(); ++blocks) {
    BackwardNest more = nest;
    more.weight_channels = channels_of(blocks);
    if (held_bytes(more) > room) break;
    nest = more;
  }
  return nest;
}

BackwardNest BackwardCosts::least(std::uint64_t room) const {
  BackwardNest best;
  const auto cost = [&](const BackwardNest& n) { return std::tuple(read_bytes(n), held_bytes(n)); };
  for (const bool tile_outermost : {false, true}) {
    // Rows that are kept without a buffer are kept for a pass.
    if (tile_outermost && halo_ == Halo::free) continue;
    for (std::size_t blocks = 0; blocks <= blocks_.size(); ++blocks) {
      BackwardNest nest{tile_outermost, channels_of(blocks), 0};
      if (held_bytes(nest) > room) break;
      for (const BackwardNest& candidate : {nest, largest(nest, room)}) {
        if (cost(candidate) < cost(best)) best = candidate;
      }
    }
  }
  return best;
}

}  // namespace h2
