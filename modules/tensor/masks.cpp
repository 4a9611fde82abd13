// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/masks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr int kDensityBits = 20;

#define H2_INLINE inline __attribute__((always_inline))

/// Finaliser of splitmix64 (Steele, Lea, Flood 2014): counter in, 64 random bits out. Ten times as
/// fast as Philox, which draws its key: an ImageNet sub-batch takes tens of millions of words. The
/// counter comes multiplied by kStep. Of one word, or of a vector of words.
constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;
template <class Words>
H2_INLINE void mix(Words& z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  z ^= z >> 31;
}

/// Digits looked at without asking whether another one is needed: 15 of 16 words need no more.
constexpr int kFirstDigits = 10;

// Eight words. GCC splits them into what the target has.
typedef std::uint64_t Eight __attribute__((vector_size(64)));
H2_INLINE bool any(std::uint64_t word) { return word != 0; }
H2_INLINE bool any(const Eight& v) {
  return (v[0] | v[1] | v[2] | v[3] | v[4] | v[5] | v[6] | v[7]) != 0;
}

/// Bits so far, and those that a lower digit decides. `counter`: of digit 0, multiplied by kStep.
template <class Words>
H2_INLINE void decide(const Words& counter, std::uint32_t threshold, int digit, Words& bits,
                      Words& undecided) {
  Words random = counter + digit * kStep;
  mix(random);
  const std::uint64_t is_set = 0 - static_cast<std::uint64_t>(threshold >> digit & 1);
  bits |= undecided & random & is_set;
  undecided &= random ^ is_set;
}

/// 64 bits, each set with probability threshold / 2^kDensityBits, of 0 < threshold <
/// 2^kDensityBits: a bit is set when a random number of kDensityBits binary digits is less than the
/// threshold, so the highest digit in which the two differ decides. Digit d of the 64 numbers is
/// the random word d, inverted.
template <class Words>
H2_INLINE void bernoulli(const Words& counter, std::uint32_t threshold, Words& bits) {
  const int lowest = __builtin_ctz(threshold);
  int digit = kDensityBits - 1;
  Words undecided = ~Words{};
  bits = Words{};
  for (const int last = std::max(lowest, digit - kFirstDigits + 1); digit >= last; --digit) {
    decide(counter, threshold, digit, bits, undecided);
  }
  for (; digit >= lowest && any(undecided); --digit) {
    decide(counter, threshold, digit, bits, undecided);
  }
}

/// `count` words of 64 such bits, numbered from `first` on.
using DrawWords = void (*)(std::uint64_t key, std::uint64_t first, std::uint32_t threshold,
                           std::uint64_t* to, std::size_t count);

void draw_words(std::uint64_t key, std::uint64_t first, std::uint32_t threshold, std::uint64_t* to,
                std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    bernoulli<std::uint64_t>((key + (first + i) * kDensityBits) * kStep, threshold, to[i]);
  }
}

#ifdef __x86_64__
/// Without 64-bit products of vectors, one word at a time is as fast.
__attribute__((target("avx512f,avx512dq"))) void draw_words_avx512(std::uint64_t key,
                                                                   std::uint64_t first,
                                                                   std::uint32_t threshold,
                                                                   std::uint64_t* to,
                                                                   std::size_t count) {
  Eight lanes;
  for (int lane = 0; lane < 8; ++lane) lanes[lane] = lane * kDensityBits * kStep;
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const Eight counter = lanes + (key + (first + i) * kDensityBits) * kStep;
    Eight bits;
    bernoulli(counter, threshold, bits);
    std::memcpy(to + i, &bits, sizeof bits);
  }
  for (; i < count; ++i) {
    bernoulli<std::uint64_t>((key + (first + i) * kDensityBits) * kStep, threshold, to[i]);
  }
}
const bool kAvx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#endif

DrawWords draw_words_here() {
#ifdef __x86_64__
  if (kAvx512) return draw_words_avx512;
#endif
  return draw_words;
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

/// `words` words of 16 bits, of one sample.
void draw_sample(DrawWords draw, std::uint64_t key, std::uint64_t first, std::uint32_t threshold,
                 std::uint16_t* to, std::size_t words) {
  constexpr std::size_t kAtOnce = 256;
  std::uint64_t drawn[kAtOnce];
  for (std::size_t done = 0; done < words; done += 4 * kAtOnce) {
    const std::size_t left = std::min(words - done, 4 * kAtOnce);
    draw(key, first + done / 4, threshold, drawn, (left + 3) / 4);
    std::memcpy(to + done, drawn, left * sizeof *to);
  }
}

BitMap draw_mask(const MaskDraw& draw, DrawWords draw_words) {
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
  for (int sample = 0; threshold > 0 && sample < draw.batch; ++sample) {
    if (!carries(draw, sample)) continue;
    std::uint16_t* to = mask.bits.data() + words * sample;
    if (threshold >> kDensityBits != 0) {
      std::fill_n(to, words, std::uint16_t{0xFFFF});
    } else {
      draw_sample(draw_words, key, (words + 3) / 4 * sample, threshold, to, words);
    }
  }
  clear_beyond(mask, draw.channels);
  return mask;
}

}  // namespace

BitMap draw_mask(const MaskDraw& draw) { return draw_mask(draw, draw_words_here()); }

BitMap draw_mask_portable(const MaskDraw& draw) { return draw_mask(draw, draw_words); }

}  // namespace h2
