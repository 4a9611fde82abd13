#pragma once

#include "modules/kernels/core_numerics.h"

// Trees over the non-zero leaves alone, executed from a list of steps (TreeProgram).

namespace h2 {
namespace {

template <class N, int Blocks>
struct TreeNode {
  typename N::L part[Blocks];

  void add_left(const TreeNode& left) {
    for (int b = 0; b < Blocks; ++b) part[b] = N::add(left.part[b], part[b]);
  }
};

/// Adds the trees of one list of steps to `sum`; term(step) is what a step contributes.
template <class N, int Blocks, class Term>
inline void run_steps(const TreeStep* step, const TreeStep* end, TreeNode<N, Blocks>& sum,
                      Term term) {
  TreeNode<N, Blocks> waiting[kProgramLevels];  // complete left subtrees by level
  TreeNode<N, Blocks> node;
  for (; step != end; ++step) {
    const TreeNode<N, Blocks> value = term(*step);
    if (step->begins_leaf) {
      node = value;
    } else {
      for (int b = 0; b < Blocks; ++b) node.part[b] = N::add(node.part[b], value.part[b]);
    }
    if (!step->ends_leaf) continue;
    for (unsigned rest = step->joins; rest != 0; rest &= rest - 1) {
      node.add_left(waiting[__builtin_ctz(rest)]);
    }
    if (step->ends_tree) {
      for (int b = 0; b < Blocks; ++b) sum.part[b] = N::add(sum.part[b], node.part[b]);
    } else {
      waiting[step->waits_at] = node;
    }
  }
}

template <class N, int Blocks>
inline TreeNode<N, Blocks> load_node(const float* p) {
  TreeNode<N, Blocks> node;
  for (int b = 0; b < Blocks; ++b) node.part[b] = N::L::load(p + b * kLanes);
  return node;
}

template <class N, int Blocks>
inline void store_node(const TreeNode<N, Blocks>& node, float* p) {
  for (int b = 0; b < Blocks; ++b) node.part[b].store(p + b * kLanes);
}

template <class N, bool fits, int Blocks>
void product_trees_blocks(const ProductTreeArgs& args) {
  const auto* rows = static_cast<const typename N::Entry*>(args.rows);
  float* sums = args.sums;
  for (int i = 0; i < args.outputs; ++i, sums += Blocks * kLanes) {
    const TreeStep *step = args.steps + args.ends[i], *end = args.steps + args.ends[i + 1];
    if (step == end) continue;
    auto sum = load_node<N, Blocks>(sums);
    run_steps<N, Blocks>(step, end, sum, [&](const TreeStep& s) {
      const auto* row = rows + std::size_t{s.row} * Blocks * kLanes;
      const auto factor = N::factor(s.value);
      TreeNode<N, Blocks> product;
      for (int b = 0; b < Blocks; ++b) {
        product.part[b] = N::template product<fits>(factor, row + b * kLanes);
      }
      return product;
    });
    store_node(sum, sums);
  }
}

template <class N, int Blocks>
void select_trees_blocks(const SelectTreeArgs& args) {
  auto sum = load_node<N, Blocks>(args.sums);
  run_steps<N, Blocks>(args.steps, args.steps + args.count, sum, [&](const TreeStep& s) {
    const std::uint16_t* words = args.words + s.row;
    const auto value = N::L::broadcast(s.value);
    TreeNode<N, Blocks> selected;
    for (int b = 0; b < Blocks; ++b) selected.part[b] = keep(words[b], value);
    return selected;
  });
  store_node(sum, args.sums);
}

template <class N>
void product_trees(const ProductTreeArgs& args) {
  if (args.fits) {
    by_blocks(args, product_trees_blocks<N, true, 1>, product_trees_blocks<N, true, 2>,
              product_trees_blocks<N, true, 3>, product_trees_blocks<N, true, 4>);
  } else {
    by_blocks(args, product_trees_blocks<N, false, 1>, product_trees_blocks<N, false, 2>,
              product_trees_blocks<N, false, 3>, product_trees_blocks<N, false, 4>);
  }
}

template <class N>
void select_trees(const SelectTreeArgs& args) {
  by_blocks(args, select_trees_blocks<N, 1>, select_trees_blocks<N, 2>, select_trees_blocks<N, 3>,
            select_trees_blocks<N, 4>);
}

}  // namespace
}  // namespace h2
