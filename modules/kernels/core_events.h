#pragma once

#include "modules/kernels/core.h"

// Finding what is not zero. Needs a lanes file before it.

namespace h2 {
namespace {

/// Calls body(offset, valid lanes) over `n` floats.
template <class Body>
inline void for_lanes(std::size_t n, Body body) {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, kLanes);
  if (i < n) body(i, static_cast<int>(n - i));
}

inline Lanes load(const float* p, int n) {
  return n == kLanes ? Lanes::load(p) : Lanes::load(p, n);
}

/// Bit i: lane i is not +-0 (a NaN is not).
inline std::uint16_t nonzero_bits(const Lanes& a) {
  const Lanes zero = Lanes::zero();
  return static_cast<std::uint16_t>(~(at_least(a, zero) & at_least(zero, a)));
}

inline void nonzero(const float* in, std::size_t n, std::uint16_t* out) {
  for_lanes(n, [&](std::size_t i, int lanes) { *out++ = nonzero_bits(load(in + i, lanes)); });
}

std::uint32_t* list_ones(const std::uint16_t* words, int count, std::uint32_t first,
                         std::uint32_t* out) {
  for (int w = 0; w < count; ++w, first += kLanes) out = append_ones(words[w], first, out);
  return out;
}

Term* list_nonzeros(const float* in, std::size_t n, std::uint32_t first, Term* out) {
  for_lanes(n, [&](std::size_t i, int lanes) {
    const Lanes values = load(in + i, lanes);
    out = append_terms(nonzero_bits(values), first + static_cast<std::uint32_t>(i), values, out);
  });
  return out;
}

}  // namespace
}  // namespace h2
