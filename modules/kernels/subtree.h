#pragma once

#include <utility>
#include <vector>

#include "modules/kernels/aligned.h"
#include "modules/kernels/core.h"

namespace h2 {

/// Table, [entry][kLanes], of the aligned subtree number `index` of 2^level leaves of an adder
/// tree: its sum for every address, by the tree's own additions. `leaf(index, out)` fills the table
/// of one leaf and returns its address bits, 0 when the leaf is unused. Returns the address bits;
/// the lower leaf takes the lower bits.
template <class Leaf>
int subtree_table(const Core& core, int level, int index, Leaf leaf, AlignedVector<float>& out) {
  if (level == 0) return leaf(index, out);
  AlignedVector<float> left, right;
  const int left_bits = subtree_table(core, level - 1, 2 * index, leaf, left);
  const int right_bits = subtree_table(core, level - 1, 2 * index + 1, leaf, right);
  if (left_bits == 0 || right_bits == 0) {
    out = std::move(left_bits == 0 ? right : left);
  } else {
    out.resize(static_cast<std::size_t>(kLanes) << (left_bits + right_bits));
    core.merge_tables(left.data(), left_bits, right.data(), right_bits, out.data());
  }
  return left_bits + right_bits;
}

}  // namespace h2
