// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "modules/base/ceil_div.h"

namespace h2 {

/// Chunks of a job in loop order: pass (outer), tile, inner.
struct LoopNest {
  int passes = 1, tiles = 1, inner = 1;

  struct At {
    int pass, tile, inner;
  };
  int count() const { return passes * tiles * inner; }
  At at(int chunk) const { return {chunk / (tiles * inner), chunk / inner % tiles, chunk % inner}; }
};

/// Half-open range of channels.
struct Span {
  int begin = 0, end = 0;

  int size() const { return end - begin; }
};

/// Part `index` of `length` cut into pieces of `step`.
inline Span piece(int index, int step, int length) {
  return {index * step, std::min((index + 1) * step, length)};
}
inline int pieces(int step, int length) { return ceil_div(length, step); }

/// Blocks of `block` channels that are complete after channels [0, done.end) and were not before
/// done.begin: a store unit is written when its last channel is there.
inline Span completed(Span done, int block, int length) {
  const auto whole = [&](int end) { return end == length ? pieces(block, length) : end / block; };
  return {whole(done.begin), whole(done.end)};
}

}  // namespace h2
