#pragma once

#include <cstddef>
#include <cstdint>

#include "modules/kernels/core.h"

// Bulk conversion between stored FP16 and float. Needs a lanes file before it.

namespace h2 {
namespace {

void from_half(const std::uint8_t* in, float* out, std::size_t n) {
  std::size_t i = 0;
  std::uint16_t block[kLanes] = {};
  for (; i + kLanes <= n; i += kLanes) {
    __builtin_memcpy(block, in + 2 * i, sizeof block);
    Lanes::load_half(block).store(out + i);
  }
  if (i == n) return;
  __builtin_memcpy(block, in + 2 * i, 2 * (n - i));
  Lanes::load_half(block).store(out + i, static_cast<int>(n - i));
}

void to_half(const float* in, std::uint8_t* out, std::size_t n) {
  std::size_t i = 0;
  std::uint16_t block[kLanes];
  for (; i + kLanes <= n; i += kLanes) {
    Lanes::load(in + i).rounded().store_half(block);
    __builtin_memcpy(out + 2 * i, block, sizeof block);
  }
  if (i == n) return;
  Lanes::load(in + i, static_cast<int>(n - i)).rounded().store_half(block);
  __builtin_memcpy(out + 2 * i, block, 2 * (n - i));
}

}  // namespace
}  // namespace h2
