// SPDX-License-Identifier: Apache-2.0
#include "modules/cluster/part_sum.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "modules/arithmetic/fp16.h"

namespace h2 {
namespace {

/// Values that are added together, so that they stay in a cache.
constexpr std::size_t kBlock = 1024;

void load(const std::uint8_t* stored, std::size_t count, std::size_t value_bytes, float* values) {
  if (value_bytes == 4) {
    std::memcpy(values, stored, count * sizeof(float));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t half;
    std::memcpy(&half, stored + 2 * i, sizeof half);
    values[i] = from_fp16(half);
  }
}

void store(const float* values, std::size_t count, std::size_t value_bytes, std::uint8_t* stored) {
  if (value_bytes == 4) {
    std::memcpy(stored, values, count * sizeof(float));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t half = to_fp16(values[i]);
    std::memcpy(stored + 2 * i, &half, sizeof half);
  }
}

/// Leaves the sum in the first row of [rows][kBlock].
void add_rows(std::vector<float>& block, std::size_t rows, std::size_t count) {
  while (rows > 1) {
    for (std::size_t r = 0; r + 1 < rows; r += 2) {
      const float* a = &block[r * kBlock];
      const float* b = a + kBlock;
      float* to = &block[r / 2 * kBlock];
      for (std::size_t i = 0; i < count; ++i) to[i] = a[i] + b[i];
    }
    if (rows % 2 != 0) {
      std::copy_n(&block[(rows - 1) * kBlock], count, &block[rows / 2 * kBlock]);
    }
    rows = (rows + 1) / 2;
  }
}

}  // namespace

std::size_t add_parts(const GradientParts& parts, std::size_t values, std::size_t value_bytes,
                      std::uint8_t* sum) {
  const float largest = value_bytes == 2 ? 65520.0F : INFINITY;  // from there on FP16 is infinite
  std::size_t bad = values;
  std::vector<float> block(parts.size() * kBlock);
  for (std::size_t first = 0; first < values; first += kBlock) {
    const std::size_t count = std::min(kBlock, values - first);
    for (std::size_t p = 0; p < parts.size(); ++p) {
      load(parts[p] + first * value_bytes, count, value_bytes, &block[p * kBlock]);
    }
    add_rows(block, parts.size(), count);
    for (std::size_t i = 0; i < count && bad == values; ++i) {
      if (!(std::abs(block[i]) < largest)) bad = first + i;
    }
    store(block.data(), count, value_bytes, sum + first * value_bytes);
  }
  return bad;
}

}  // namespace h2
