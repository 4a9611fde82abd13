// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>

#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/loop_nest.h"

namespace h2 {

/// grad-u of the layers that add a layer's spikes to their sums: terms of grad-s of the layer whose
/// spikes they are, in ascending order. grad-u of those that add its potentials: terms of its
/// grad-u. Empty for a layer that no other adds.
class ShortcutGradient {
 public:
  ShortcutGradient(const JobContext& context, int layer);

  /// Of a Soma tile: the bitmap if values are packed by it; then, once that is there, the values.
  void want_mask(int tile, Span blocks, TransferList& list);
  void want_values(int tile, Span blocks, TransferList& list);
  /// sums = sums + grad-u, of one layer after another.
  void add_to(ValueMap& sums, int tile, Span blocks);
  /// +0 + grad-u, of one layer that adds potentials after another, at a tile's positions; null if
  /// there is none.
  const ValueMap* direct(int tile, Span blocks);

 private:
  static void want(MapOperand& operand, int tile, Span blocks, TransferList& list);

  const JobContext& context_;
  const Layer& l_;
  struct Term {
    bool potentials = false;
    std::optional<BitOperand> mask;
    std::optional<ValueOperand> values;
  };
  void read(int from, bool potentials);
  void add(Term& term, ValueMap& sums, int tile, Span blocks) const;

  std::deque<Term> terms_;  // operands refer to each other
  ValueMap direct_;
};

}  // namespace h2
