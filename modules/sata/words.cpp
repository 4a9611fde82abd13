// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/words.h"

#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

constexpr std::uint64_t kWordBits = 16;

/// Of one sample and layer, in words.
struct Counts {
  std::uint64_t weights, outputs, inputs;
};

/// Outputs and inputs of all timesteps.
Counts counts_of(const Layer& l, int steps, std::uint64_t input_bits) {
  const std::uint64_t out = static_cast<std::uint64_t>(l.cout) * l.out_h * l.out_w;
  const std::uint64_t in = static_cast<std::uint64_t>(l.cin) * l.in_h * l.in_w;
  return {l.weight_count(), out * steps, ceil_div(in * steps * input_bits, kWordBits)};
}

PublishedWords times(const PublishedWords& one, std::uint64_t samples) {
  return {one.dram * samples, one.glb * samples, one.pe * samples};
}

}  // namespace

PublishedWords forward_words(const Layer& layer, int batch, int steps, std::uint64_t input_bits) {
  const auto [w, o, i] = counts_of(layer, steps, input_bits);
  const std::uint64_t moved = w + o + i;
  return times({moved, 2 * moved, 2 * (w + i)}, batch);
}

PublishedWords backward_words(const Layer& layer, int batch, int steps, std::uint64_t input_bits) {
  const auto [w, o, i] = counts_of(layer, steps, input_bits);
  return times({o + i, 7 * o + 2 * i + w, w + o}, batch);
}

PublishedWords weight_update_words(const Layer& layer, int batch, int steps,
                                   std::uint64_t input_bits) {
  const auto [w, o, i] = counts_of(layer, steps, input_bits);
  const auto passes = static_cast<std::uint64_t>(steps);
  const std::uint64_t moved = 2 * (1 + passes) * w + o + i;
  return times({2 * w, moved, moved + 2 * passes * w}, batch);
}

}  // namespace h2
