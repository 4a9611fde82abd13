#pragma once

#include "modules/kernels/core_program.h"

// Trees over all rows of a window: without the lists of steps, which pay where few leaves are not
// zero.

namespace h2 {
namespace {

/// One leaf: the products of the taps seen, +0 if there are none.
template <class N, bool fits, int Blocks>
inline TreeNode<N, Blocks> window_leaf(const WindowTreeArgs& args, const std::uint16_t* seen,
                                       const int* places, int row) {
  const auto* weights = static_cast<const typename N::Entry*>(args.weights) +
                        static_cast<std::size_t>(row) * args.taps * Blocks * kLanes;
  TreeNode<N, Blocks> leaf;
  for (int b = 0; b < Blocks; ++b) leaf.part[b] = N::L::zero();
  for (int word = 0; word < args.tap_words; ++word) {
    for (unsigned rest = seen[word]; rest != 0; rest &= rest - 1) {
      const int tap = word * 16 + __builtin_ctz(rest);
      const auto factor = N::factor(args.factors[places[tap]][row]);
      const auto* weight = weights + static_cast<std::size_t>(tap) * Blocks * kLanes;
      for (int b = 0; b < Blocks; ++b) {
        leaf.part[b] = N::add(leaf.part[b], N::template product<fits>(factor, weight + b * kLanes));
      }
    }
  }
  return leaf;
}

template <class N, bool fits, int Blocks>
void window_trees_blocks(const WindowTreeArgs& args) {
  TreeNode<N, Blocks> waiting[kProgramLevels];  // complete left subtrees by level
  const std::uint16_t* seen = args.seen;
  const int* places = args.places;
  float* sums = args.sums;
  for (int i = 0; i < args.outputs; ++i, places += args.taps, sums += Blocks * kLanes) {
    for (int row = 0; row < args.rows; ++row, seen += args.tap_words) {
      auto node = window_leaf<N, fits, Blocks>(args, seen, places, row);
      int level = 0;
      for (; (row >> level & 1) != 0; ++level) node.add_left(waiting[level]);
      waiting[level] = node;
    }
    // What is left waits at the levels of the bits of `rows`.
    auto node = waiting[__builtin_ctz(args.rows)];
    for (int rest = args.rows & (args.rows - 1); rest != 0; rest &= rest - 1) {
      node.add_left(waiting[__builtin_ctz(rest)]);
    }
    auto sum = load_node<N, Blocks>(sums);
    node.add_left(sum);
    store_node(node, sums);
  }
}

template <class N>
void window_trees(const WindowTreeArgs& args) {
  if (args.fits) {
    by_blocks(args, window_trees_blocks<N, true, 1>, window_trees_blocks<N, true, 2>,
              window_trees_blocks<N, true, 3>, window_trees_blocks<N, true, 4>);
  } else {
    by_blocks(args, window_trees_blocks<N, false, 1>, window_trees_blocks<N, false, 2>,
              window_trees_blocks<N, false, 3>, window_trees_blocks<N, false, 4>);
  }
}

}  // namespace
}  // namespace h2
