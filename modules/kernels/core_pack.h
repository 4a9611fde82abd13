#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#ifdef __SSSE3__
#include <immintrin.h>
#endif

#include "modules/kernels/core.h"

// FP16 in memory order: dense, or packed to the values whose mask bit is set. Needs a lanes file
// before it.

namespace h2 {
namespace {

/// Of the 256 masks of eight values: which byte goes where (0x80: zero), and how many are set.
struct PackOrder {
  alignas(16) std::array<std::array<std::uint8_t, 16>, 256> pack{}, spread{};
  std::array<std::uint8_t, 256> count{};
};

constexpr PackOrder make_pack_order() {
  PackOrder order;
  for (std::size_t mask = 0; mask < 256; ++mask) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const bool set = (mask >> i & 1) != 0;
      for (std::size_t byte = 0; byte < 2; ++byte) {
        order.spread[mask][2 * i + byte] = static_cast<std::uint8_t>(set ? 2 * n + byte : 0x80);
        if (set) order.pack[mask][2 * n + byte] = static_cast<std::uint8_t>(2 * i + byte);
      }
      n += set ? 1 : 0;
    }
    order.count[mask] = static_cast<std::uint8_t>(n);
  }
  return order;
}

constexpr PackOrder kPackOrder = make_pack_order();

/// Reads and writes eight values whatever the order.
inline void shuffle(const std::uint16_t* in, const std::array<std::uint8_t, 16>& order,
                    std::uint16_t* out) {
#ifdef __SSSE3__
  const auto at = [](const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); };
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_shuffle_epi8(at(in), at(order.data())));
#else
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint8_t from = order[2 * i];
    out[i] = from == 0x80 ? std::uint16_t{0} : in[from / 2];
  }
#endif
}

void from_half(const std::uint8_t* in, float* out, std::size_t n, std::size_t rows,
               std::size_t stride) {
  std::uint16_t block[kLanes] = {};
  for (; rows > 0; --rows, in += 2 * n, out += stride) {
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      __builtin_memcpy(block, in + 2 * i, sizeof block);
      Lanes::load_half(block).store(out + i);
    }
    if (i == n) continue;
    __builtin_memcpy(block, in + 2 * i, 2 * (n - i));
    Lanes::load_half(block).store(out + i, static_cast<int>(n - i));
  }
}

void to_half(const float* in, std::uint8_t* out, std::size_t n, std::size_t rows,
             std::size_t stride) {
  std::uint16_t block[kLanes];
  for (; rows > 0; --rows, in += stride, out += 2 * n) {
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      Lanes::load(in + i).rounded().store_half(block);
      __builtin_memcpy(out + 2 * i, block, sizeof block);
    }
    if (i == n) continue;
    Lanes::load(in + i, static_cast<int>(n - i)).rounded().store_half(block);
    __builtin_memcpy(out + 2 * i, block, 2 * (n - i));
  }
}

static_assert(kLanes == 16, "a mask word holds the bits of a block of lanes");

std::uint16_t* pack_half(const float* in, std::size_t stride, const std::uint16_t* masks,
                         std::size_t mask_stride, std::size_t rows, std::uint16_t* out) {
  std::uint16_t block[kLanes];
  for (; rows > 0; --rows, in += stride, masks += mask_stride) {
    Lanes::load(in).rounded().store_half(block);
    const std::size_t low = *masks & 0xFFU, high = *masks >> 8U;
    shuffle(block, kPackOrder.pack[low], out);
    out += kPackOrder.count[low];
    shuffle(block + 8, kPackOrder.pack[high], out);
    out += kPackOrder.count[high];
  }
  return out;
}

const std::uint16_t* unpack_half(const std::uint16_t* in, const std::uint16_t* masks,
                                 std::size_t mask_stride, float* out, std::size_t stride,
                                 std::size_t rows) {
  std::uint16_t block[kLanes];
  for (; rows > 0; --rows, out += stride, masks += mask_stride) {
    const std::size_t low = *masks & 0xFFU, high = *masks >> 8U;
    shuffle(in, kPackOrder.spread[low], block);
    in += kPackOrder.count[low];
    shuffle(in, kPackOrder.spread[high], block + 8);
    in += kPackOrder.count[high];
    Lanes::load_half(block).store(out);
  }
  return in;
}

}  // namespace
}  // namespace h2
