#pragma once

#include <cstring>

#include "modules/kernels/fp16.h"

namespace h2 {

/// Stored values: FP16 (value_bytes 2) or FP32 (4), little-endian, any alignment.
inline float load_value(const std::uint8_t* bytes, int value_bytes) {
  if (value_bytes == 4) {
    float value;
    std::memcpy(&value, bytes, 4);
    return value;
  }
  std::uint16_t half;
  std::memcpy(&half, bytes, 2);
  return from_fp16(half);
}

inline void store_value(float value, int value_bytes, std::uint8_t* bytes) {
  if (value_bytes == 4) {
    std::memcpy(bytes, &value, 4);
    return;
  }
  const std::uint16_t half = to_fp16(value);
  std::memcpy(bytes, &half, 2);
}

}  // namespace h2
