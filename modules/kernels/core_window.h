#pragma once

#include "modules/kernels/core_tree.h"

// PEs of the Backward Engine: products with the non-zero gradients of a window, tree over rows.

namespace h2 {
namespace {

/// One row: products in ascending tap order, each sum rounded; false if it has no tap.
template <class N, int Blocks>
inline bool row_sum(const WindowArgs& args, int row, typename TreeSum<N, Blocks>::Node& acc) {
  const float* weights = args.weights + row * args.row_stride;
  const float* grad = args.grad + row;
  bool empty = true;
  for (int word = 0; word < args.tap_words; ++word) {
    std::uint64_t taps = args.taps[row * args.tap_words + word];
    for (; taps != 0; taps &= taps - 1) {
      const int tap = word * 64 + __builtin_ctzll(taps);
      const Lanes value = Lanes::broadcast(grad[args.place[tap] * args.rows]);
      const float* weight = weights + static_cast<std::size_t>(tap) * Blocks * kLanes;
      if (empty) {
        for (int b = 0; b < Blocks; ++b) {
          acc.part[b] = N::multiply(value, Lanes::load(weight + b * kLanes));
        }
        empty = false;
        continue;
      }
      for (int b = 0; b < Blocks; ++b) {
        acc.part[b] = N::add(acc.part[b], N::multiply(value, Lanes::load(weight + b * kLanes)));
      }
    }
  }
  return !empty;
}

template <class N, int Blocks>
void window_blocks(const WindowArgs& args) {
  TreeSum<N, Blocks> tree;
  for (int row = 0; row < args.rows; ++row) {
    typename TreeSum<N, Blocks>::Node acc;
    if (row_sum<N, Blocks>(args, row, acc)) tree.push(row, acc);
  }
  if (tree.empty()) return;
  const auto& total = tree.total();
  for (int b = 0; b < Blocks; ++b) {
    float* psum = args.psum + b * kLanes;
    N::add(Lanes::load(psum), total.part[b]).store(psum);
  }
}

template <class N>
void window(const WindowArgs& args) {
  static_assert(kWindowBlocks == 4);
  switch (args.blocks) {
    case 1:
      return window_blocks<N, 1>(args);
    case 2:
      return window_blocks<N, 2>(args);
    case 3:
      return window_blocks<N, 3>(args);
    default:
      return window_blocks<N, 4>(args);
  }
}

}  // namespace
}  // namespace h2
