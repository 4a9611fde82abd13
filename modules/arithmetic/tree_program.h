#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "modules/arithmetic/simd/vector_ops.h"

namespace h2 {

/// Writes adder trees as lists of steps, leaving out the leaves that are zero: the aligned binary
/// tree over leaf numbers then joins the same sums in the same order.
class TreeProgram {
 public:
  const TreeStep* steps() const { return steps_.data(); }
  std::uint32_t size() const { return size_; }
  void clear() { size_ = 0; }
  /// Room for `terms` more terms.
  void reserve(std::size_t terms) {
    if (steps_.size() < size_ + terms) steps_.resize(std::max(size_ + terms, 2 * steps_.size()));
  }

  /// Begins a leaf of the current tree. Leaves come in ascending order, and each has a term.
  void begin_leaf(std::uint32_t leaf) {
    if (open_) {
      // The highest differing bit is the level at which the two leaves' subtrees meet.
      const unsigned meet = 31U - static_cast<unsigned>(__builtin_clz(leaf_ ^ leaf));
      TreeStep& last = steps_[size_ - 1];
      last.ends_leaf = true;
      last.joins = static_cast<std::uint16_t>(waiting_ & ((1U << meet) - 1));
      last.waits_at = static_cast<std::uint8_t>(meet);
      waiting_ = (waiting_ & ~unsigned{last.joins}) | 1U << meet;
    }
    leaf_ = leaf;
    open_ = true;
    begins_ = true;
  }
  bool in_leaf(std::uint32_t leaf) const { return open_ && leaf_ == leaf; }

  void add_term(std::uint32_t row, float value) {
    TreeStep& step = steps_[size_++];
    step = {row, value, begins_, false, false, 0, 0};
    begins_ = false;
  }

  /// Ends the current tree; without a leaf nothing happens.
  void end_tree() {
    if (!open_) return;
    TreeStep& last = steps_[size_ - 1];
    last.ends_leaf = last.ends_tree = true;
    last.joins = static_cast<std::uint16_t>(waiting_);
    waiting_ = 0;
    open_ = false;
  }

 private:
  std::vector<TreeStep> steps_;
  std::uint32_t size_ = 0;
  bool open_ = false, begins_ = false;
  std::uint32_t leaf_ = 0;
  unsigned waiting_ = 0;  // levels with a complete left subtree
};

}  // namespace h2
