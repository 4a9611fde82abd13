// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/glm_network.h"

#include <algorithm>
#include <cmath>

namespace h2 {
namespace {

SigmoidTable make_table() {
  SigmoidTable table{};
  for (int i = 0; i < 256; ++i) {
    const double sigmoid = 1.0 / (1.0 + std::exp(-(i - 127.5) / 8));
    table[i] = static_cast<std::uint16_t>(std::min(65535.0, std::floor(65536 * sigmoid + 0.5)));
  }
  return table;
}

}  // namespace

const SigmoidTable& sigmoid_table() {
  static const SigmoidTable table = make_table();
  return table;
}

int sigmoid_index(std::int64_t u, std::uint32_t scale_q16) {
  const std::int64_t dividend = u * 8 * 65536, divisor = scale_q16;
  std::int64_t quotient = dividend / divisor;
  if (dividend % divisor < 0) --quotient;
  return static_cast<int>(std::clamp<std::int64_t>(quotient + 128, 0, 255));
}

bool is_monotone(const SigmoidTable& table) { return std::is_sorted(table.begin(), table.end()); }

}  // namespace h2
