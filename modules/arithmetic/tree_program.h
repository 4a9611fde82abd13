// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/arithmetic/simd/vector_ops.h"

namespace h2 {

/// Writes adder trees as lists of terms and of the additions that join them, leaving out the leaves
/// that are zero: the aligned binary tree over leaf numbers then joins the same sums in the same
/// order.
class TreeProgram {
 public:
  TreeProgram() : batches_(1) {}

  /// What has been written by end(), for SelectTreeArgs.
  Term* terms() { return terms_.data(); }
  std::size_t size() const { return terms_.size(); }
  const Join* joins() const { return joins_.data(); }
  const std::uint32_t* roots() const { return roots_.data(); }
  const TreeBatch* batches() const { return batches_.data(); }
  int batch_count() const { return static_cast<int>(batches_.size()) - 1; }

  /// Begins a leaf of the current tree. Leaves come in ascending order, and each has a term.
  void begin_leaf(std::uint32_t leaf) {
    if (open_) {
      // The highest differing bit is the level at which the two leaves' subtrees meet.
      const unsigned meet = 31U - static_cast<unsigned>(__builtin_clz(leaf_ ^ leaf));
      join_left((1U << meet) - 1);
      waiting_[meet] = node_;
      levels_ |= 1U << meet;
    }
    leaf_ = leaf;
    open_ = true;
    begins_ = true;
  }
  bool in_leaf(std::uint32_t leaf) const { return open_ && leaf_ == leaf; }

  void add_term(std::uint32_t row, float value) {
    const auto node = static_cast<std::uint16_t>(terms_.size() - batches_.back().products);
    terms_.push_back({row, value});
    if (begins_) {
      node_ = node;
    } else {
      joins_.push_back({node_, node});
    }
    begins_ = false;
  }

  /// Ends the current tree; without a leaf nothing happens. Batches of trees have `batch_terms`
  /// terms or a tree more.
  void end_tree(std::size_t batch_terms) {
    if (!open_) return;
    join_left(~0U);
    roots_.push_back(node_);
    open_ = false;
    if (terms_.size() - batches_.back().products >= batch_terms) end();
  }
  void end() {
    if (terms_.size() == batches_.back().products) return;
    batches_.push_back({static_cast<std::uint32_t>(terms_.size()),
                        static_cast<std::uint32_t>(joins_.size()),
                        static_cast<std::uint32_t>(roots_.size())});
  }

 private:
  /// Joins the current node with its left neighbours that wait on the given levels.
  void join_left(unsigned levels) {
    for (unsigned rest = levels_ & levels; rest != 0; rest &= rest - 1) {
      const std::uint16_t left = waiting_[__builtin_ctz(rest)];
      joins_.push_back({left, node_});
      node_ = left;
    }
    levels_ &= ~levels;
  }

  std::vector<Term> terms_;
  std::vector<Join> joins_;
  std::vector<std::uint32_t> roots_;
  std::vector<TreeBatch> batches_;  // the first ends where the lists begin
  bool open_ = false, begins_ = false;
  std::uint32_t leaf_ = 0;
  std::uint16_t node_ = 0;          // of the current leaf, then of the subtree it completes
  std::uint16_t waiting_[32] = {};  // complete left subtrees by level
  unsigned levels_ = 0;             // in use
};

}  // namespace h2
