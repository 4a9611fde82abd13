#pragma once

#include <cstring>

#include "modules/kernels/isa.h"

namespace h2 {

/// Converts between stored values, FP16 (value_bytes 2) or FP32 (4), little-endian at any address,
/// and float. To FP16: nearest, ties to even.
class ValueCodec {
 public:
  explicit ValueCodec(int value_bytes)
      : value_bytes_(value_bytes), core_(selected_core(Numerics::fp16)) {}

  void load(const std::uint8_t* bytes, float* values, std::size_t n) const {
    if (value_bytes_ == 4) {
      std::memcpy(values, bytes, 4 * n);
    } else {
      core_.from_half(bytes, values, n);
    }
  }
  void store(const float* values, std::uint8_t* bytes, std::size_t n) const {
    if (value_bytes_ == 4) {
      std::memcpy(bytes, values, 4 * n);
    } else {
      core_.to_half(values, bytes, n);
    }
  }

 private:
  int value_bytes_;
  const Core& core_;
};

}  // namespace h2
