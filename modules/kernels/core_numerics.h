#pragma once

#include "modules/kernels/core.h"

// The two number formats in terms of lanes, and what all arithmetic shares. Needs a lanes file
// before it.

namespace h2 {
namespace {

/// An array adds and makes products of a factor and an entry; `fits` promises that none of them
/// overflows.
///
/// FP16 values held as float, rounded after every operation: a float carries 24 >= 2*11+2
/// significant bits, so rounding its correctly rounded sum or product again gives the FP16 one.
struct Fp16 {
  using L = Lanes;
  using Entry = std::uint16_t;
  static L add(const L& a, const L& b) { return (a + b).rounded(); }
  static L multiply(const L& a, const L& b) { return (a * b).rounded(); }
  static L constant(float value) { return L::broadcast(value).rounded(); }
  static L factor(float value) { return L::broadcast(value); }
  template <bool fits>
  static L product(const L& factor, const Entry* p) {
    return multiply(factor, load_entry(p));
  }
  static L load_entry(const Entry* p) { return L::load_half(p); }
  static void store_entry(const L& a, Entry* p) { a.store_half(p); }
};

struct Fp32 {
  using L = Lanes;
  using Entry = float;
  static L add(const L& a, const L& b) { return a + b; }
  static L multiply(const L& a, const L& b) { return a * b; }
  static L constant(float value) { return L::broadcast(value); }
  static L factor(float value) { return L::broadcast(value); }
  template <bool fits>
  static L product(const L& factor, const Entry* p) {
    return multiply(factor, load_entry(p));
  }
  static L load_entry(const Entry* p) { return L::load(p); }
  static void store_entry(const L& a, Entry* p) { a.store(p); }
};

/// Calls the function for args.blocks vectors side by side.
template <class Args, class One, class Two, class Three, class Four>
inline void by_blocks(const Args& args, One one, Two two, Three three, Four four) {
  static_assert(kMaxBlocks == 4);
  switch (args.blocks) {
    case 1:
      return one(args);
    case 2:
      return two(args);
    case 3:
      return three(args);
    default:
      return four(args);
  }
}

}  // namespace
}  // namespace h2
