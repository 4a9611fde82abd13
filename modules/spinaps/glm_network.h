// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace h2 {

/// A trained network as the card holds it: integers.
struct GlmNetwork {
  int inputs = 0, classes = 0, tau = 1;
  int weight_bits = 8;
  /// Units of u that 1.0 is, in 1/65536; 1 or more.
  std::uint32_t scale_q16 = 65536;
  /// Q[d][j][c]: what a spike of input j adds to the potential of class c d steps later.
  std::vector<std::int8_t> weights;
  std::vector<std::int32_t> biases;  ///< gamma, one per class

  int rows() const { return inputs * tau; }
  /// Index of the row of weights of input j and delay d = 1..tau.
  int row(int d, int j) const { return (d - 1) * inputs + j; }
  const std::int8_t* weights_of(int row) const {
    return &weights[static_cast<std::size_t>(row) * classes];
  }
};

using SigmoidTable = std::array<std::uint16_t, 256>;

/// table[i] = min(65535, round(65536 sigmoid((i - 127.5) / 8))): sixteenths of the range -16..16.
const SigmoidTable& sigmoid_table();
/// clamp(floor(8 u / scale) + 128) to 0..255.
int sigmoid_index(std::int64_t u, std::uint32_t scale_q16);
bool is_monotone(const SigmoidTable& table);

}  // namespace h2
