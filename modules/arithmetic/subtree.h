// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "modules/arithmetic/simd/vector_ops.h"
#include "modules/base/aligned.h"

namespace h2 {

/// Tables of aligned subtrees of an adder tree: the sum of a subtree for every address, by the
/// tree's own additions. Keeps its buffers from one subtree to the next.
class SubtreeTable {
 public:
  /// Subtree number `index` of 2^level leaves, level at most kMaxLevel. `leaf(index, out)` puts the
  /// table of one leaf into `out`, see room(), and returns its address bits, 0 when the leaf is
  /// unused. Returns the address bits; the lower leaf takes the lower bits.
  template <class Leaf>
  int fill(const VectorOps& ops, int level, int index, const Leaf& leaf) {
    return fill(ops, level, index, leaf, entries_);
  }
  /// Of the last subtree, [entry][kLanes].
  [[nodiscard]] const float* entries() const { return entries_.data(); }

  /// Room for the table of a leaf, or of a subtree, with `bits` address bits.
  static float* room(AlignedVector<float>& buffer, int bits) {
    const std::size_t floats = static_cast<std::size_t>(kLanes) << bits;
    if (buffer.size() < floats) buffer.resize(floats);
    return buffer.data();
  }

  static constexpr int kMaxLevel = 8;

 private:
  template <class Leaf>
  int fill(const VectorOps& ops, int level, int index, const Leaf& leaf,
           AlignedVector<float>& out) {
    if (level == 0) return leaf(index, out);
    auto& [left, right] = halves_[static_cast<std::size_t>(level) - 1];
    const int left_bits = fill(ops, level - 1, 2 * index, leaf, left);
    const int right_bits = fill(ops, level - 1, 2 * index + 1, leaf, right);
    if (left_bits == 0 || right_bits == 0) {
      std::swap(out, left_bits == 0 ? right : left);
    } else {
      float* sum = room(out, left_bits + right_bits);
      ops.merge_tables(left.data(), left_bits, right.data(), right_bits, sum);
    }
    return left_bits + right_bits;
  }

  AlignedVector<float> entries_;
  std::array<std::array<AlignedVector<float>, 2>, kMaxLevel> halves_;
};

}  // namespace h2
