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
/// The counter comes multiplied by kStep.
constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// Digits looked at without asking whether another one is needed: 15 of 16 words need no more.
constexpr int kFirstDigits = 10;

/// 64 bits, each set with probability threshold / 2^kDensityBits: a bit is set when a random number
/// of kDensityBits binary digits is less than the threshold, so the highest digit in which the two
/// differ decides. Digit d of the 64 numbers is the random word d, inverted.
std::uint64_t bernoulli64(std::uint64_t key, std::uint64_t index, std::uint32_t threshold) {
  if (threshold == 0) return 0;
  if (threshold >> kDensityBits) return ~std::uint64_t{0};
  const std::uint64_t counter = (key + index * kDensityBits) * kStep;
  const int lowest = __builtin_ctz(threshold);
  std::uint64_t bits = 0, undecided = ~std::uint64_t{0};
  const auto decide = [&](int digit) {
    const std::uint64_t random = mix(counter + digit * kStep);
    const std::uint64_t is_set = 0 - static_cast<std::uint64_t>(threshold >> digit & 1);
    bits |= undecided & random & is_set;
    undecided &= random ^ is_set;
  };
  int digit = kDensityBits - 1;
  for (const int last = std::max(lowest, digit - kFirstDigits + 1); digit >= last; --digit) {
    decide(digit);
  }
  for (; digit >= lowest && undecided != 0; --digit) decide(digit);
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
