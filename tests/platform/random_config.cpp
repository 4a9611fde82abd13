// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/random_config.h"

#include <random>

#include "modules/base/error.h"
#include "modules/h2learn/glb_plan.h"

namespace h2 {
namespace {

using Random = std::mt19937;

std::uint32_t between(Random& random, std::uint32_t low, std::uint32_t high) {
  return low + static_cast<std::uint32_t>(random() % (high - low + 1));
}

std::string pick(Random& random, std::initializer_list<const char*> choices) {
  return *(choices.begin() + random() % choices.size());
}

std::string draw_layers(Random& random) {
  std::string text = std::to_string(between(random, 3, 24)) + "C" + pick(random, {"3", "5"});
  if (random() % 2 == 0) text += "(Encoding)";
  if (random() % 2 == 0) text += "-AP2";
  for (std::uint32_t n = between(random, 0, 2); n > 0; --n) {
    text += "-" + std::to_string(between(random, 3, 40)) + "C" + pick(random, {"1", "3", "3S2"});
  }
  if (random() % 2 == 0) text += "-" + std::to_string(between(random, 5, 70)) + "FC";
  return text + "-10FC";
}

Sets draw(Random& random) {
  const auto number = [&](std::uint32_t low, std::uint32_t high) {
    return std::to_string(between(random, low, high));
  };
  return {{"network.layers", draw_layers(random)},
          {"network.input.channels", number(1, 3)},
          {"network.input.height", number(8, 14)},
          {"network.input.width", number(8, 14)},
          {"network.pool", pick(random, {"after_soma", "before_soma"})},
          {"network.timesteps", number(1, 6)},
          {"training.sub_batch", number(1, 5)},
          {"engines.forward.rows", pick(random, {"8", "16", "64"})},
          {"engines.forward.cols", pick(random, {"4", "16"})},
          {"engines.forward.parallelism", pick(random, {"2", "4"})},
          {"engines.weight_update.rows", pick(random, {"2", "10"})},
          {"engines.weight_update.cols", pick(random, {"16", "128"})},
          {"engines.backward.rows", pick(random, {"4", "16"})},
          {"engines.backward.cols", pick(random, {"16", "64"})},
          {"engines.backward.group", pick(random, {"1", "4"})},
          {"engines.backward.sparsity", pick(random, {"both", "input", "output", "none"})},
          {"tile.height", number(4, 8)},
          {"tile.width", number(4, 8)},
          {"numerics", pick(random, {"fp16", "fp32"})},
          {"pipeline.overlap", pick(random, {"true", "false"})},
          {"memory.preset", pick(random, {"hbm2", "ddr4_3200", "lpddr4_2400", "ideal"})},
          {"memory.organisation", pick(random, {"split", "unified"})},
          {"memory.compress_gradients", pick(random, {"true", "false"})},
          {"memory.burst_bytes", pick(random, {"256", "1024", "4096"})},
          {"memory.outstanding", number(1, 12)},
          {"dataflow.halo", pick(random, {"refetch", "refetch", "free"})},
          {"dataflow.backward", pick(random, {"text", "auto"})},
          {"dataflow.psum_copies", number(1, 4)},
          {"training.update", pick(random, {"fused", "separate"})}};
}

}  // namespace

Sets random_sets(std::uint32_t seed) {
  Random random(seed);
  for (;;) {
    const Sets sets = draw(random);
    try {
      const Config config = tiny_config(sets);
      plan_glb(config.machine, config.network, config.training.sub_batch);
      return sets;
    } catch (const InputError&) {
      // Too small a map for its pooling, or a tile set that does not fit: draw again.
    }
  }
}

}  // namespace h2
