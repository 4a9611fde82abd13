#pragma once

#include <cstring>

#include "modules/kernels/core_numerics.h"

// Adder trees over table look-ups.

namespace h2 {
namespace {

/// Pairwise sum over the aligned binary tree of leaf indices. Leaves that are zero may be left out:
/// the remaining sums are the same.
template <class N, int Blocks>
class TreeSum {
 public:
  struct Node {
    typename N::L part[Blocks];
  };

  bool empty() const { return empty_; }

  /// Indices ascend.
  void push(unsigned index, const Node& leaf) {
    if (!empty_) {
      // The highest differing bit is the level at which the two leaves' subtrees meet.
      const unsigned meet = 31U - static_cast<unsigned>(__builtin_clz(last_ ^ index));
      absorb((1U << meet) - 1);
      left_[meet] = current_;
      valid_ |= 1U << meet;
    }
    current_ = leaf;
    last_ = index;
    empty_ = false;
  }

  /// The whole sum; the tree must not be empty.
  const Node& total() {
    absorb(~0U);
    return current_;
  }

 private:
  /// Joins the current subtree with its waiting left neighbours on the given levels.
  void absorb(unsigned levels) {
    for (unsigned rest = valid_ & levels; rest != 0; rest &= rest - 1) {
      const Node& left = left_[__builtin_ctz(rest)];
      for (int b = 0; b < Blocks; ++b) current_.part[b] = N::add(left.part[b], current_.part[b]);
    }
    valid_ &= ~levels;
  }

  bool empty_ = true;
  unsigned last_ = 0;
  unsigned valid_ = 0;  // levels of left_ in use
  Node current_;
  Node left_[32];
};

/// Sum of `count` (a power of two, at most 8) neighbouring leaves looked up in their tables.
template <class N, int count>
inline typename N::L looked_up(const typename N::Entry* tables, std::size_t table_size,
                               const std::uint8_t* address) {
  if constexpr (count == 1) {
    return N::load_entry(tables + std::size_t{*address} * kLanes);
  } else {
    constexpr int half = count / 2;
    return N::add(looked_up<N, half>(tables, table_size, address),
                  looked_up<N, half>(tables + half * table_size, table_size, address + half));
  }
}

/// Sum of the last count < 8 leaves of a tree, which stand alone in their subtree of eight.
template <class N>
inline typename N::L looked_up_rest(const typename N::Entry* tables, std::size_t table_size,
                                    const std::uint8_t* address, int count) {
  const int pairs = count & 6;
  typename N::L sum = N::L::zero();
  bool any = false;
  const auto join = [&](const typename N::L& left) {
    sum = any ? N::add(left, sum) : left;
    any = true;
  };
  if ((count & 1) != 0) {
    join(looked_up<N, 1>(tables + pairs * table_size, table_size, address + pairs));
  }
  if ((count & 2) != 0) {
    const int at = count & 4;
    join(looked_up<N, 2>(tables + at * table_size, table_size, address + at));
  }
  if ((count & 4) != 0) join(looked_up<N, 4>(tables, table_size, address));
  return sum;
}

/// The same of `Outputs` outputs, level by level, so that their chains of additions overlap.
template <class N, int Outputs>
inline void looked_up_eight(const typename N::Entry* tables, std::size_t table_size,
                            const std::uint8_t* address, std::size_t stride, typename N::L* nodes) {
  typename N::L sums[Outputs][4];
  for (int pair = 0; pair < 4; ++pair) {
    const typename N::Entry *left = tables + 2 * pair * table_size, *right = left + table_size;
    for (int i = 0; i < Outputs; ++i) {
      const std::uint8_t* at = address + i * stride + 2 * pair;
      sums[i][pair] = N::add(N::load_entry(left + std::size_t{at[0]} * kLanes),
                             N::load_entry(right + std::size_t{at[1]} * kLanes));
    }
  }
  for (int i = 0; i < Outputs; ++i) sums[i][0] = N::add(sums[i][0], sums[i][1]);
  for (int i = 0; i < Outputs; ++i) sums[i][2] = N::add(sums[i][2], sums[i][3]);
  for (int i = 0; i < Outputs; ++i) nodes[i] = N::add(sums[i][0], sums[i][2]);
}

/// Where the outputs of one group of eight tables stand in the tree.
struct TreeLevel {
  unsigned joins;  ///< levels whose left neighbour is complete
  bool last;       ///< then the sums are complete
  float* to;       ///< where the nodes wait otherwise
};

/// Joins the node of output i with what waits, and lets it wait or ends its tree.
template <class N, int Outputs>
inline void join_left(const TreeArgs& args, const TreeLevel& level, int first, int i,
                      typename N::L* nodes) {
  for (unsigned left = level.joins; left != 0; left &= left - 1) {
    const float* waiting = args.nodes + (__builtin_ctz(left) * kTreeOutputs + i) * kLanes;
    for (int o = 0; o < Outputs; ++o) {
      nodes[o] = N::add(N::L::load(waiting + o * kLanes), nodes[o]);
    }
  }
  float* sums = args.sums + static_cast<std::size_t>(first + i) * kLanes;
  for (int o = 0; o < Outputs; ++o) {
    if (level.last) {
      N::add(N::L::load(sums + o * kLanes), nodes[o]).store(sums + o * kLanes);
    } else {
      nodes[o].store(level.to + (i + o) * kLanes);
    }
  }
}

/// Eight tables serve all outputs before the next eight. What is summed of each output waits in
/// `nodes`, one node per level of the tree above the eight.
template <class N>
void tree_tables_part(const TreeArgs& args, int first, int outputs) {
  constexpr int kTogether = 4;  // measured, AVX2
  const auto* tables = static_cast<const typename N::Entry*>(args.tables);
  const std::size_t table_size = kLanes * table_pitch(args.address_bits);
  const std::size_t stride = args.stride;
  const int groups = (args.leaves + 7) / 8;
  for (int g = 0; g < groups; ++g, tables += 8 * table_size) {
    const int rest = args.leaves - 8 * g;
    const bool last = g == groups - 1;
    // Like the carry of a counter; at the end all.
    const unsigned trailing = static_cast<unsigned>(g) & ~static_cast<unsigned>(g + 1);
    const int waits_at = __builtin_popcount(trailing);
    const TreeLevel level{last ? static_cast<unsigned>(g) : trailing, last,
                          args.nodes + static_cast<std::size_t>(waits_at) * kTreeOutputs * kLanes};
    const std::uint8_t* address = args.addresses + first * stride + 8 * static_cast<std::size_t>(g);
    typename N::L nodes[kTogether];
    int i = 0;
    for (; rest >= 8 && i + kTogether <= outputs; i += kTogether) {
      looked_up_eight<N, kTogether>(tables, table_size, address + i * stride, stride, nodes);
      join_left<N, kTogether>(args, level, first, i, nodes);
    }
    for (; i < outputs; ++i) {
      nodes[0] = rest >= 8 ? looked_up<N, 8>(tables, table_size, address + i * stride)
                           : looked_up_rest<N>(tables, table_size, address + i * stride, rest);
      join_left<N, 1>(args, level, first, i, nodes);
    }
  }
}

template <class N>
void tree_tables(const TreeArgs& args) {
  for (int first = 0; first < args.count; first += kTreeOutputs) {
    const int left = args.count - first;
    tree_tables_part<N>(args, first, left < kTreeOutputs ? left : kTreeOutputs);
  }
}

/// The same sums without tables: the adders take the weights of an address's set bits.
template <class N>
void tree_direct(const TreeArgs& args) {
  const auto* weights = static_cast<const float*>(args.tables);
  for (int i = 0; i < args.count; ++i) {
    const std::uint8_t* address = args.addresses + static_cast<std::size_t>(i) * args.stride;
    TreeSum<N, 1> tree;
    for (int leaf = 0; leaf < args.leaves; ++leaf) {
      if (address[leaf] == 0) continue;
      const float* first = weights + static_cast<std::size_t>(leaf) * args.address_bits * kLanes;
      typename N::L sum = N::L::zero();
      for (unsigned rest = address[leaf]; rest != 0; rest &= rest - 1) {
        sum = N::add(sum, N::L::load(first + __builtin_ctz(rest) * kLanes));
      }
      tree.push(leaf, {{sum}});
    }
    if (tree.empty()) continue;
    float* sum = args.sums + static_cast<std::size_t>(i) * kLanes;
    N::add(N::L::load(sum), tree.total().part[0]).store(sum);
  }
}

template <class N>
void leaf_table(const float* weights, int bits, float* out) {
  N::L::zero().store(out);
  for (int b = 0; b < bits; ++b) {
    const typename N::L weight = N::L::load(weights + b * kLanes);
    const int known = 1 << b;
    for (int e = 0; e < known; ++e) {
      N::add(N::L::load(out + e * kLanes), weight).store(out + (known + e) * kLanes);
    }
  }
}

template <class N>
void merge_tables(const float* a, int a_bits, const float* b, int b_bits, float* out) {
  for (int eb = 0; eb < 1 << b_bits; ++eb) {
    const typename N::L right = N::L::load(b + eb * kLanes);
    for (int ea = 0; ea < 1 << a_bits; ++ea, out += kLanes) {
      N::add(N::L::load(a + ea * kLanes), right).store(out);
    }
  }
}

template <class N>
void store_entries(const float* in, std::size_t entries, void* out) {
  auto* entry = static_cast<typename N::Entry*>(out);
  for (std::size_t e = 0; e < entries; ++e, in += kLanes, entry += kLanes) {
    N::store_entry(N::L::load(in), entry);
  }
}

}  // namespace
}  // namespace h2
