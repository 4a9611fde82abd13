#pragma once

#include <cstring>

#include "modules/kernels/core.h"

// Included after the Lanes of one instruction set, into that translation unit only.

namespace h2 {
namespace {

/// FP16 values held as float, rounded after every operation: a float carries 24 >= 2*11+2
/// significant bits, so rounding its correctly rounded sum or product again gives the FP16 one.
struct Fp16 {
  using Entry = std::uint16_t;
  static Lanes add(const Lanes& a, const Lanes& b) { return (a + b).rounded(); }
  static Lanes multiply(const Lanes& a, const Lanes& b) { return (a * b).rounded(); }
  static Lanes constant(float value) { return Lanes::broadcast(value).rounded(); }
  static Lanes load_entry(const Entry* p) { return Lanes::load_half(p); }
  static void store_entry(const Lanes& a, Entry* p) { a.store_half(p); }
};

struct Fp32 {
  using Entry = float;
  static Lanes add(const Lanes& a, const Lanes& b) { return a + b; }
  static Lanes multiply(const Lanes& a, const Lanes& b) { return a * b; }
  static Lanes constant(float value) { return Lanes::broadcast(value); }
  static Lanes load_entry(const Entry* p) { return Lanes::load(p); }
  static void store_entry(const Lanes& a, Entry* p) { a.store(p); }
};

/// Pairwise sum over the aligned binary tree of leaf indices. Leaves that are zero may be left out:
/// the remaining sums are the same.
template <class N, int Blocks>
class TreeSum {
 public:
  struct Node {
    Lanes part[Blocks];
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
inline Lanes looked_up(const typename N::Entry* tables, std::size_t table_size,
                       const std::uint8_t* address) {
  if constexpr (count == 1) {
    return N::load_entry(tables + std::size_t{*address} * kLanes);
  } else {
    constexpr int half = count / 2;
    return N::add(looked_up<N, half>(tables, table_size, address),
                  looked_up<N, half>(tables + half * table_size, table_size, address + half));
  }
}

template <class N>
void tree_tables(const TreeArgs& args) {
  using Tree = TreeSum<N, 1>;
  const auto* tables = static_cast<const typename N::Entry*>(args.tables);
  const std::size_t table_size = kLanes * table_pitch(args.address_bits);
  for (int i = 0; i < args.count; ++i) {
    const std::uint8_t* address = args.addresses + static_cast<std::size_t>(i) * args.stride;
    Tree tree;
    int leaf = 0;
    // Aligned subtrees of 8, then the rest as 4, 2, 1, each under the index of its first leaf.
    for (; leaf + 8 <= args.leaves; leaf += 8) {
      std::uint64_t any;
      std::memcpy(&any, address + leaf, sizeof any);
      if (any == 0 && args.skip_zero) continue;
      tree.push(leaf, {{looked_up<N, 8>(tables + leaf * table_size, table_size, address + leaf)}});
    }
    if ((args.leaves & 4) != 0) {
      tree.push(leaf, {{looked_up<N, 4>(tables + leaf * table_size, table_size, address + leaf)}});
      leaf += 4;
    }
    if ((args.leaves & 2) != 0) {
      tree.push(leaf, {{looked_up<N, 2>(tables + leaf * table_size, table_size, address + leaf)}});
      leaf += 2;
    }
    if ((args.leaves & 1) != 0) {
      tree.push(leaf, {{looked_up<N, 1>(tables + leaf * table_size, table_size, address + leaf)}});
    }
    if (tree.empty()) continue;
    float* sum = args.sums + static_cast<std::size_t>(i) * kLanes;
    N::add(Lanes::load(sum), tree.total().part[0]).store(sum);
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
      Lanes sum = Lanes::zero();
      for (unsigned rest = address[leaf]; rest != 0; rest &= rest - 1) {
        sum = N::add(sum, Lanes::load(first + __builtin_ctz(rest) * kLanes));
      }
      tree.push(leaf, {{sum}});
    }
    if (tree.empty()) continue;
    float* sum = args.sums + static_cast<std::size_t>(i) * kLanes;
    N::add(Lanes::load(sum), tree.total().part[0]).store(sum);
  }
}

template <class N>
void leaf_table(const float* weights, int bits, float* out) {
  Lanes::zero().store(out);
  for (int b = 0; b < bits; ++b) {
    const Lanes weight = Lanes::load(weights + b * kLanes);
    const int known = 1 << b;
    for (int e = 0; e < known; ++e) {
      N::add(Lanes::load(out + e * kLanes), weight).store(out + (known + e) * kLanes);
    }
  }
}

template <class N>
void merge_tables(const float* a, int a_bits, const float* b, int b_bits, float* out) {
  for (int eb = 0; eb < 1 << b_bits; ++eb) {
    const Lanes right = Lanes::load(b + eb * kLanes);
    for (int ea = 0; ea < 1 << a_bits; ++ea, out += kLanes) {
      N::add(Lanes::load(a + ea * kLanes), right).store(out);
    }
  }
}

template <class N>
void store_entries(const float* in, std::size_t entries, void* out) {
  auto* entry = static_cast<typename N::Entry*>(out);
  for (std::size_t e = 0; e < entries; ++e, in += kLanes, entry += kLanes) {
    N::store_entry(Lanes::load(in), entry);
  }
}

}  // namespace
}  // namespace h2
