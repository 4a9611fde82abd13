// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/lane_sums.h"

#include <cstring>
#include <stdexcept>

namespace h2 {
namespace {

// One bit of 256 lanes. GCC splits it into what the target has.
typedef std::uint64_t Lanes __attribute__((vector_size(kLaneWords * 8)));

#define H2_INLINE inline __attribute__((always_inline))

H2_INLINE void load(const std::uint64_t* from, Lanes& to) { std::memcpy(&to, from, sizeof to); }

H2_INLINE bool any(const Lanes& v) { return (v[0] | v[1] | v[2] | v[3]) != 0; }

/// sum += addend in every lane: full adders where the addend has planes, then the carry ripples.
template <int kAddend, int kPlanes>
H2_INLINE void add(const Lanes (&addend)[kAddend], Lanes (&sum)[kPlanes]) {
  Lanes carry{};
#pragma GCC unroll 18
  for (int p = 0; p < kAddend; ++p) {
    const Lanes half = sum[p] ^ addend[p];
    const Lanes both = sum[p] & addend[p];
    sum[p] = half ^ carry;
    carry = both | (half & carry);
  }
#pragma GCC unroll 32
  for (int p = kAddend; p < kPlanes; ++p) {
    const Lanes both = sum[p] & carry;
    sum[p] ^= carry;
    carry = both;
  }
}

/// to = the entry of the lowest bit in `left`, which it clears.
template <int kAddend>
H2_INLINE void take(const std::uint64_t* entries, std::uint64_t& left, Lanes* to) {
  const std::uint64_t* entry = entries + __builtin_ctzll(left) * kAddend * kLaneWords;
#pragma GCC unroll 16
  for (int p = 0; p < kAddend; ++p) load(entry + p * kLaneWords, to[p]);
  left &= left - 1;
}

/// to = the sum of the next two entries.
template <int kAddend>
H2_INLINE void take_two(const std::uint64_t* entries, std::uint64_t& left,
                        Lanes (&to)[kAddend + 1]) {
  Lanes second[kAddend];
  take<kAddend>(entries, left, to);
  take<kAddend>(entries, left, second);
  to[kAddend] = Lanes{};
  add(second, to);
}

/// sum += the chosen entries. Two are added up first: only one carry in two ripples through.
template <int kAddend, int kPlanes>
H2_INLINE void add_chosen(const std::uint64_t* entries, std::uint64_t left, Lanes (&sum)[kPlanes]) {
  for (int n = __builtin_popcountll(left) / 2; n > 0; --n) {
    Lanes two[kAddend + 1];
    take_two<kAddend>(entries, left, two);
    add(two, sum);
  }
  if (left != 0) {
    Lanes one[kAddend];
    take<kAddend>(entries, left, one);
    add(one, sum);
  }
}

/// Largest number of the lanes in `among` over the planes below kPlanes.
template <int kPlanes>
H2_INLINE std::uint64_t largest(const Lanes& among, const Lanes* sum) {
  Lanes candidates = among;
  std::uint64_t value = 0;
  for (int p = kPlanes - 1; p >= 0; --p) {
    const Lanes set = sum[p] & candidates;
    if (!any(set)) continue;
    candidates = set;
    value |= std::uint64_t{1} << p;
  }
  return value;
}

/// Every counter starts at 2^(kPlanes-1) - 1 - longest, so that its top plane says whether it
/// passed the longest sum so far: one test per set in place of a search.
template <int kAddend, int kPlanes>
H2_INLINE std::uint64_t longest(const LaneTable& shape, const std::uint64_t* table,
                                const std::uint64_t* chosen, int sets) {
  constexpr int kTop = kPlanes - 1;
  const int words = shape.entries / 64;
  std::uint64_t found = 0;
  for (int block = 0; block < shape.blocks; ++block) {
    const std::uint64_t* entries = table + shape.at(block, 0);
    for (int set = 0; set < sets; ++set) {
      const std::uint64_t start = (std::uint64_t{1} << kTop) - 1 - found;
      Lanes sum[kPlanes];
#pragma GCC unroll 33
      for (int p = 0; p < kPlanes; ++p) sum[p] = Lanes{} - ((start >> p) & 1);
      for (int w = 0; w < words; ++w) {
        const std::uint64_t* base =
            entries + static_cast<std::size_t>(w) * 64 * kAddend * kLaneWords;
        add_chosen<kAddend>(base, chosen[set * words + w], sum);
      }
      if (any(sum[kTop])) found += 1 + largest<kTop>(sum[kTop], sum);
    }
  }
  return found;
}

/// Adder sizes compiled: the default array with 3x3 kernels, larger kernels or small groups, all.
struct Size {
  int addend, planes;
};
constexpr Size kSmall{2, 9}, kMedium{4, 13}, kLarge{16, 33};

bool fits(Size size, std::uint64_t addend, std::uint64_t sum) {
  return addend < (std::uint64_t{1} << size.addend) &&
         sum < (std::uint64_t{1} << (size.planes - 1));
}

H2_INLINE std::uint64_t longest_of_size(const LaneTable& shape, const std::uint64_t* table,
                                        const std::uint64_t* chosen, int sets) {
  if (shape.planes == kSmall.addend) {
    return longest<kSmall.addend, kSmall.planes>(shape, table, chosen, sets);
  }
  if (shape.planes == kMedium.addend) {
    return longest<kMedium.addend, kMedium.planes>(shape, table, chosen, sets);
  }
  return longest<kLarge.addend, kLarge.planes>(shape, table, chosen, sets);
}

template <int kPlanes>
void sum_of_size(const std::uint64_t* bits, std::size_t stride, const std::vector<int>& chosen,
                 std::uint64_t* entry) {
  Lanes sum[kPlanes] = {};
  for (const int i : chosen) {
    Lanes one[1];
    load(bits + i * stride, one[0]);
    add(one, sum);
  }
  std::memcpy(entry, sum, sizeof sum);
}

#ifdef __x86_64__
__attribute__((target("avx2,bmi,popcnt"))) std::uint64_t longest_avx2(const LaneTable& shape,
                                                                      const std::uint64_t* table,
                                                                      const std::uint64_t* chosen,
                                                                      int sets) {
  return longest_of_size(shape, table, chosen, sets);
}
const bool kAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                   __builtin_cpu_supports("popcnt");
#endif

}  // namespace

bool lane_sums_hold(std::uint64_t addend, std::uint64_t sum) {
  return fits(kSmall, addend, sum) || fits(kMedium, addend, sum) || fits(kLarge, addend, sum);
}

LaneTable::LaneTable(int blocks, int entries, std::uint64_t addend, std::uint64_t sum)
    : blocks(blocks), entries(entries) {
  for (const Size size : {kSmall, kMedium, kLarge}) {
    if (planes == 0 && fits(size, addend, sum)) planes = size.addend;
  }
  if (planes == 0)
    throw std::length_error("lane sums: tile, kernel or empty-window cost too large");
}

void sum_lanes(const std::uint64_t* bits, std::size_t stride, const std::vector<int>& chosen,
               int planes, std::uint64_t* entry) {
  if (planes == kSmall.addend) return sum_of_size<kSmall.addend>(bits, stride, chosen, entry);
  if (planes == kMedium.addend) return sum_of_size<kMedium.addend>(bits, stride, chosen, entry);
  sum_of_size<kLarge.addend>(bits, stride, chosen, entry);
}

std::uint64_t longest_lane_portable(const LaneTable& shape, const std::uint64_t* table,
                                    const std::uint64_t* chosen, int sets) {
  return longest_of_size(shape, table, chosen, sets);
}

std::uint64_t longest_lane(const LaneTable& shape, const std::uint64_t* table,
                           const std::uint64_t* chosen, int sets) {
#ifdef __x86_64__
  if (kAvx2) return longest_avx2(shape, table, chosen, sets);
#endif
  return longest_lane_portable(shape, table, chosen, sets);
}

}  // namespace h2
