// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/neuron.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "modules/arithmetic/simd/isa.h"
#include "modules/arithmetic/slopes.h"
#include "modules/base/bits.h"

// Loops over positions and channel blocks around the vector arithmetic.

namespace h2 {
namespace {

/// Calls body(y, x) at every position of the region.
template <class Body>
void for_positions(Region region, Body body) {
  for (int y = region.y0; y < region.y1; ++y) {
    for (int x = region.x0; x < region.x1; ++x) body(y, x);
  }
}

std::size_t map_words(const BitMap& map) {
  return static_cast<std::size_t>(map.height) * map.width * map.words();
}

std::size_t map_values(const ValueMap& map) {
  return static_cast<std::size_t>(map.height) * map.width * map.channels;
}

/// A position of all timesteps of one sample.
struct Place {
  int map, steps, y, x;
};

/// 16 channels of a map: 1 where the position is the first of its 2x2 window that fires, or the
/// first one of a window without a spike.
unsigned is_first(const BitMap& spikes, int map, int y, int x, int word) {
  const int top = y / 2 * 2, left = x / 2 * 2, child = (y - top) * 2 + x - left;
  unsigned before = 0, all = 0;
  for (int k = 0; k < 4; ++k) {
    const unsigned fires = spikes.at(map, top + k / 2, left + k % 2)[word];
    if (k < child) before |= fires;
    all |= fires;
  }
  const unsigned own = spikes.at(map, y, x)[word];
  return (own & ~before) | (child == 0 ? ~all : 0U);
}

/// Gradient of the pooled map where the position takes it, +0 elsewhere.
void take_where_first(const ValueMap& spatial, const BitMap& spikes, Place at, int c0, int c1,
                      std::vector<float>& taken) {
  for (int t = 0; t < at.steps; ++t) {
    const float* from = spatial.at(at.map + t, at.y / 2, at.x / 2);
    float* to = &taken[static_cast<std::size_t>(t) * spatial.channels];
    for (int c = c0; c < c1;) {
      const unsigned first = is_first(spikes, at.map + t, at.y, at.x, c / kLanes);
      const int end = std::min(c1, (c / kLanes + 1) * kLanes);
      for (; c < end; ++c) to[c] = (first >> (c % kLanes) & 1U) != 0 ? from[c] : 0.0F;
    }
  }
}

/// Slopes of the neurons of a position whose mask is set, +0 elsewhere.
void take_slopes(const Slopes& table, const ValueMap& u, const BitMap& mask, Place at, int c0,
                 int c1, std::vector<float>& slopes) {
  for (int t = 0; t < at.steps; ++t) {
    const float* from = u.at(at.map + t, at.y, at.x);
    const std::uint16_t* open = mask.at(at.map + t, at.y, at.x);
    float* to = &slopes[static_cast<std::size_t>(t) * u.channels];
    for (int c = c0; c < c1; ++c) {
      to[c] = (open[c / kLanes] >> (c % kLanes) & 1U) != 0 ? table.at(from[c]) : 0.0F;
    }
  }
}

}  // namespace

void pool_largest(const BitMap& spikes, Region region, int c0, int c1, BitMap& pooled) {
  for (int map = 0; map < spikes.maps; ++map) {
    for_positions(region, [&](int y, int x) {
      std::uint16_t* to = pooled.at(map, y, x);
      for (int word = c0 / 16; word * 16 < c1; ++word) {
        to[word] = static_cast<std::uint16_t>(
            spikes.at(map, 2 * y, 2 * x)[word] | spikes.at(map, 2 * y, 2 * x + 1)[word] |
            spikes.at(map, 2 * y + 1, 2 * x)[word] | spikes.at(map, 2 * y + 1, 2 * x + 1)[word]);
      }
    });
  }
}

RangeCount soma(const NeuronSpec& neuron, Numerics numerics, int batch, int steps,
                const ValueMap& sums, Region region, int c0, int c1, ValueMap& u, BitMap& spikes,
                BitMap& mask) {
  const VectorOps& ops = selected_ops(numerics);
  const bool is_static = sums.maps == batch;
  RangeCount range;
  SomaArgs args;
  args.range = &range;
  args.neuron = neuron;
  args.steps = steps;
  args.sums_step = is_static ? 0 : map_values(sums);
  args.u_step = map_values(u);
  args.word_step = map_words(spikes);
  for (int sample = 0; sample < batch; ++sample) {
    const int map = sample * steps;
    for_positions(region, [&](int y, int x) {
      for (int c = c0; c < c1; c += args.channels) {
        args.first_bit = c % kLanes;
        args.channels = std::min(kLanes - args.first_bit, c1 - c);
        args.sums = sums.at(is_static ? sample : map, y, x) + c;
        args.u = u.at(map, y, x) + c;
        args.spikes = spikes.at(map, y, x) + c / kLanes;
        args.mask = mask.at(map, y, x) + c / kLanes;
        ops.soma(args);
      }
    });
  }
  return range;
}

RangeCount grad(const NeuronSpec& neuron, Numerics numerics, PoolMode pool, int batch, int steps,
                const ValueMap& spatial, const ValueMap& u, const BitMap& spikes,
                const BitMap& mask, Region region, int c0, int c1, ValueMap& grad_u,
                BitMap& nonzero, bool max_pool, const ValueMap* direct) {
  const VectorOps& ops = selected_ops(numerics);
  const bool pooled = pool == PoolMode::after_soma;
  RangeCount range;
  GradArgs args;
  args.range = &range;
  args.neuron = neuron;
  args.steps = steps;
  args.quarter = pooled && !max_pool;
  args.spatial_step = map_values(spatial);
  args.value_step = map_values(u);
  args.word_step = map_words(spikes);
  std::vector<float> taken;  // of one position: [t][channel]
  if (max_pool) {
    args.spatial_step = spatial.channels;
    taken.resize(args.spatial_step * steps + kLanes);  // vectors may end behind the last channel
  }
  std::optional<Slopes> table;
  std::vector<float> slopes;  // likewise
  if (neuron.surrogate != Surrogate::rectangle) {
    table.emplace(neuron, numerics);
    args.slope_step = u.channels;
    slopes.resize(args.slope_step * steps + kLanes);
    args.slopes = slopes.data() + c0;
  }
  for (int sample = 0; sample < batch; ++sample) {
    const int map = sample * steps;
    for_positions(region, [&](int y, int x) {
      const int sy = pooled ? y / 2 : y;
      const int sx = pooled ? x / 2 : x;
      const bool inside = sy < spatial.height && sx < spatial.width;
      args.channels = c1 - c0;
      args.spatial = inside ? spatial.at(map, sy, sx) + c0 : nullptr;
      if (inside && max_pool) {
        take_where_first(spatial, spikes, {map, steps, y, x}, c0, c1, taken);
        args.spatial = taken.data() + c0;
      }
      if (table) take_slopes(*table, u, mask, {map, steps, y, x}, c0, c1, slopes);
      if (direct != nullptr) args.direct = direct->at(map, y, x) + c0;
      args.u = u.at(map, y, x) + c0;
      args.grad_u = grad_u.at(map, y, x) + c0;
      args.spikes = spikes.at(map, y, x) + c0 / kLanes;
      args.mask = mask.at(map, y, x) + c0 / kLanes;
      args.nonzero = nonzero.at(map, y, x) + c0 / kLanes;
      ops.grad(args);
    });
  }
  return range;
}

void add_spikes(Numerics numerics, const BitMap& spikes, Region region, int c0, int c1,
                ValueMap& sums) {
  const VectorOps& ops = selected_ops(numerics);
  for (int map = 0; map < sums.maps; ++map) {
    for_positions(region, [&](int y, int x) {
      const std::uint16_t* words = spikes.at(map, y, x);
      for (int c = c0, count = 0; c < c1; c += count) {
        count = std::min(kLanes - c % kLanes, c1 - c);
        float ones[kLanes] = {};
        for (int i = 0; i < count; ++i) {
          ones[i] = (words[c / kLanes] >> ((c + i) % kLanes) & 1U) != 0 ? 1.0F : 0.0F;
        }
        ops.add(ones, sums.at(map, y, x) + c, static_cast<std::size_t>(count));
      }
    });
  }
}

void add_values(Numerics numerics, const ValueMap& values, Region region, int c0, int c1,
                ValueMap& sums) {
  const VectorOps& ops = selected_ops(numerics);
  for (int map = 0; map < sums.maps; ++map) {
    for_positions(region, [&](int y, int x) {
      ops.add(values.at(map, y, x) + c0, sums.at(map, y, x) + c0,
              static_cast<std::size_t>(c1 - c0));
    });
  }
}

void pool_potentials(Numerics numerics, const ValueMap& sums, Region region, int c0, int c1,
                     ValueMap& pooled) {
  const VectorOps& ops = selected_ops(numerics);
  for (int map = 0; map < sums.maps; ++map) {
    for_positions(region, [&](int y, int x) {
      ops.average(sums.at(map, 2 * y, 2 * x) + c0, sums.at(map, 2 * y, 2 * x + 1) + c0,
                  sums.at(map, 2 * y + 1, 2 * x) + c0, sums.at(map, 2 * y + 1, 2 * x + 1) + c0,
                  pooled.at(map, y, x) + c0, static_cast<std::size_t>(c1 - c0));
    });
  }
}

void pool_spikes(const BitMap& spikes, Region region, int c0, int c1, BitMap& planes) {
  for (int map = 0; map < spikes.maps; ++map) {
    for_positions(region, [&](int y, int x) {
      std::uint16_t* to = planes.at(map, y, x);
      for (int word = c0 / 16; word * 16 < c1; ++word) {
        const unsigned a = spikes.at(map, 2 * y, 2 * x)[word];
        const unsigned b = spikes.at(map, 2 * y, 2 * x + 1)[word];
        const unsigned c = spikes.at(map, 2 * y + 1, 2 * x)[word];
        const unsigned d = spikes.at(map, 2 * y + 1, 2 * x + 1)[word];
        const unsigned ones = a ^ b ^ c ^ d;
        const unsigned twos = (a & b) ^ (c & d) ^ ((a ^ b) & (c ^ d));
        const unsigned fours = a & b & c & d;
        // Three bits of 16 channels fill three words exactly.
        std::uint64_t packed = spread_by_three(static_cast<std::uint16_t>(ones)) |
                               spread_by_three(static_cast<std::uint16_t>(twos)) << 1 |
                               spread_by_three(static_cast<std::uint16_t>(fours)) << 2;
        for (int w = word * 3; w < std::min(word * 3 + 3, planes.words()); ++w, packed >>= 16) {
          to[w] = static_cast<std::uint16_t>(packed);
        }
      }
    });
  }
}

void spread_quarters(Numerics numerics, const ValueMap& pooled, Region region, ValueMap& conv) {
  const VectorOps& ops = selected_ops(numerics);
  for (int map = 0; map < conv.maps; ++map) {
    for_positions(region, [&](int y, int x) {
      for (int child = 0; child < 4; ++child) {
        ops.scale(pooled.at(map, y, x), 0.25F, conv.at(map, 2 * y + child / 2, 2 * x + child % 2),
                  conv.channels);
      }
    });
  }
}

}  // namespace h2
