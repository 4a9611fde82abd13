// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/masks.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr int kDensityBits = 20;

/// Finaliser of splitmix64 (Steele, Lea, Flood 2014): counter in, 64 random bits out. Ten times as
/// fast as Philox, which draws its key: an ImageNet sub-batch takes tens of millions of words.
std::uint64_t mix(std::uint64_t counter) {
  std::uint64_t z = counter * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// 64 bits, each set with probability threshold / 2^kDensityBits: bit by bit from the lowest, a set
/// digit ORs a random word (p -> (1+p)/2), a clear one ANDs it (p -> p/2). Trailing zeros are free.
std::uint64_t bernoulli64(std::uint64_t key, std::uint64_t index, std::uint32_t threshold) {
  if (threshold == 0) return 0;
  if (threshold >> kDensityBits) return ~std::uint64_t{0};
  std::uint64_t bits = 0;
  for (int digit = __builtin_ctz(threshold); digit < kDensityBits; ++digit) {
    const std::uint64_t random = mix(key + index * kDensityBits + digit);
    bits = ((threshold >> digit) & 1) != 0 ? bits | random : bits & random;
  }
  return bits;
}

void check(double value, bool zero_allowed, const char* field) {
  if (value <= 1.0 && (value > 0.0 || (zero_allowed && value == 0.0))) return;
  throw InputError("profile: " + std::string(field) + " is " + std::to_string(value) +
                   ", legal are numbers from 0 to 1" + (zero_allowed ? "" : ", 0 excluded"));
}

/// Sample i carries when the multiples of the fraction, from a drawn start, cross an integer.
bool carries(const MaskDraw& draw, int sample) {
  if (!draw.by_sample) return true;
  const double start = CounterRng(draw.seed, RandomStream::masks, ~draw.sample_stream).uniform();
  return std::floor(start + (sample + 1) * draw.sample_fraction) >
         std::floor(start + sample * draw.sample_fraction);
}

void clear_beyond(BitMap& map, int channels) {
  const int last = channels % 16;
  if (last == 0) return;
  const auto keep = static_cast<std::uint16_t>((1U << last) - 1);
  for (std::size_t i = map.words() - 1; i < map.bits.size(); i += map.words()) map.bits[i] &= keep;
}

}  // namespace

BitMap draw_mask(const MaskDraw& draw) {
  check(draw.density, true, "density");
  if (draw.by_sample) check(draw.sample_fraction, false, "sample_fraction");
  const double density =
      draw.by_sample ? std::min(1.0, draw.density / draw.sample_fraction) : draw.density;
  const auto threshold = static_cast<std::uint32_t>(std::lround(std::ldexp(density, kDensityBits)));
  CounterRng rng(draw.seed, draw.random, draw.stream);
  const std::uint64_t high = rng.next();
  const std::uint64_t key = (high << 32) | rng.next();

  BitMap mask(draw.batch * draw.steps, draw.height, draw.width, draw.channels);
  const std::size_t words = mask.bits.size() / draw.batch;
  for (int sample = 0; sample < draw.batch; ++sample) {
    if (!carries(draw, sample)) continue;
    std::uint16_t* to = mask.bits.data() + words * sample;
    const std::uint64_t first = (words + 3) / 4 * sample;
    for (std::size_t i = 0; i < words; i += 4) {
      const std::uint64_t bits = bernoulli64(key, first + i / 4, threshold);
      for (std::size_t w = i; w < std::min(i + 4, words); ++w) {
        to[w] = static_cast<std::uint16_t>(bits >> (16 * (w - i)));
      }
    }
  }
  clear_beyond(mask, draw.channels);
  return mask;
}

}  // namespace h2
