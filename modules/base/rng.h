// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace h2 {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): 128
/// random bits as a pure function of a counter and a key.
inline std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                               std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// What random numbers are for. Streams of one seed never share a counter.
enum class RandomStream : std::uint32_t {
  weights = 1,       ///< item = layer index
  shuffle = 2,       ///< item = epoch
  train_digits = 3,  ///< item = sample
  test_digits = 4,   ///< item = sample
  masks = 5,         ///< item = chosen by the caller
  faults = 6,        ///< item = chosen by the caller
  spikes = 7,        ///< item = chosen by the caller
  sweep = 8,         ///< item = dimension
  rate_code = 9,     ///< item = epoch and sample
};

/// Sequence of random numbers that depends on (seed, stream, item) only: items can be drawn in any
/// order or concurrently with the same result.
class CounterRng {
 public:
  CounterRng(std::uint64_t seed, RandomStream stream, std::uint64_t item)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{0, static_cast<std::uint32_t>(item), static_cast<std::uint32_t>(item >> 32),
                 static_cast<std::uint32_t>(stream)} {}

  /// 32 random bits; a sequence has 2^34 of them before it repeats.
  std::uint32_t next() {
    if (used_ == block_.size()) {
      block_ = philox4x32(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return block_[used_++];
  }

  /// In [0, 1), with 53 random bits.
  double uniform() {
    const std::uint64_t high = next();
    return static_cast<double>((high << 21) ^ (next() >> 11)) * 0x1p-53;
  }

  /// In [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  /// In 0..limit-1 without bias; limit > 0.
  std::uint32_t below(std::uint32_t limit) {
    const std::uint32_t biased = (0U - limit) % limit;  // 2^32 mod limit
    std::uint64_t product = std::uint64_t{next()} * limit;
    while (static_cast<std::uint32_t>(product) < biased) product = std::uint64_t{next()} * limit;
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// Mean 0, standard deviation 1 (Box and Muller 1958).
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    const double angle = 2.0 * 3.14159265358979323846 * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  std::size_t used_ = 4;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

/// Order of the samples 0..count-1 in one epoch, every permutation equally likely (Fisher-Yates).
inline std::vector<std::uint32_t> permutation(std::uint32_t count, std::uint64_t seed,
                                              std::uint64_t epoch) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  CounterRng rng(seed, RandomStream::shuffle, epoch);
  for (std::uint32_t i = count; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  return order;
}

}  // namespace h2
