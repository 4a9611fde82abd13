// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/loop_nest.h"

namespace h2 {

/// grad-u of the layer that adds a layer's spikes to its sums: a term of grad-s of the layer whose
/// spikes they are. Empty for a layer that no other adds.
class ShortcutGradient {
 public:
  ShortcutGradient(const JobContext& context, int layer);

  /// Of a Soma tile: the bitmap if values are packed by it; then, once that is there, the values.
  void want_mask(int tile, Span blocks, TransferList& list);
  void want_values(int tile, Span blocks, TransferList& list);
  /// sums = sums + grad-u.
  void add_to(ValueMap& sums, int tile, Span blocks);

 private:
  void want(MapOperand& operand, int tile, Span blocks, TransferList& list) const;

  const JobContext& context_;
  const Layer& l_;
  std::optional<BitOperand> mask_;
  std::optional<ValueOperand> values_;
};

}  // namespace h2
