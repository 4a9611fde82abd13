// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include "modules/arithmetic/simd/isa.h"

namespace h2 {

/// Converts between stored values, FP16 (value_bytes 2) or FP32 (4), little-endian at any address,
/// and float. To FP16: nearest, ties to even.
class ValueCodec {
 public:
  explicit ValueCodec(int value_bytes, const VectorOps& ops = selected_ops(Numerics::fp16))
      : value_bytes_(value_bytes), ops_(ops) {}

  void load(const std::uint8_t* bytes, float* values, std::size_t n) const {
    load_rows(bytes, values, n, 1, 0);
  }
  void store(const float* values, std::uint8_t* bytes, std::size_t n) const {
    store_rows(values, bytes, n, 1, 0);
  }
  /// Rows of n values, one after the other in memory, `stride` floats apart in `values`.
  void load_rows(const std::uint8_t* bytes, float* values, std::size_t n, std::size_t rows,
                 std::size_t stride) const {
    if (value_bytes_ == 2) return ops_.from_half(bytes, values, n, rows, stride);
    for (; n > 0 && rows > 0; --rows, bytes += 4 * n, values += stride) {
      std::memcpy(values, bytes, 4 * n);
    }
  }
  void store_rows(const float* values, std::uint8_t* bytes, std::size_t n, std::size_t rows,
                  std::size_t stride) const {
    if (value_bytes_ == 2) return ops_.to_half(values, bytes, n, rows, stride);
    for (; n > 0 && rows > 0; --rows, bytes += 4 * n, values += stride) {
      std::memcpy(bytes, values, 4 * n);
    }
  }
  /// VectorOps::pack_half and unpack_half do for blocks of n channels.
  [[nodiscard]] bool packs(int n) const { return value_bytes_ == 2 && n == 16; }

 private:
  int value_bytes_;
  const VectorOps& ops_;
};

}  // namespace h2
