// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace h2 {

/// The neurons' generator of random numbers: 16 bits, shifts 7, 9 and 8 (Marsaglia's xorshift), all
/// numbers but 0 in turn.
class Xorshift16 {
 public:
  explicit Xorshift16(std::uint16_t state) : state_(state) {}

  std::uint16_t next() {
    state_ = static_cast<std::uint16_t>(state_ ^ (state_ << 7));
    state_ = static_cast<std::uint16_t>(state_ ^ (state_ >> 9));
    state_ = static_cast<std::uint16_t>(state_ ^ (state_ << 8));
    return state_;
  }

 private:
  std::uint16_t state_;
};

/// Where the generator begins for sample `sample`: base + sample in 16 bits, 0xACE1 for 0.
inline std::uint16_t sample_seed(std::uint32_t base, std::uint64_t sample) {
  const auto seed = static_cast<std::uint16_t>(base + sample);
  return seed == 0 ? 0xACE1 : seed;
}

}  // namespace h2
