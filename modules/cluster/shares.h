// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace h2 {

/// A contiguous part of a list.
struct Share {
  std::uint64_t first = 0, count = 0;
  std::uint64_t end() const { return first + count; }
};

/// Part `index` of `count` even parts of `length` items: the first length mod count parts have one
/// more (ARITHMETIC.md, section 8).
constexpr Share share_of(std::uint64_t length, std::uint64_t count, std::uint64_t index) {
  const std::uint64_t each = length / count, more = length % count;
  return {index * each + (index < more ? index : more), each + (index < more ? 1 : 0)};
}

}  // namespace h2
