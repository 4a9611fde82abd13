// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "memory/glb.h"
#include "modules/spinalflow/machine/bounded_fifo.h"
#include "modules/spinalflow/machine/spine_stage.h"
#include "modules/spinalflow/machine/spine_tokens.h"

namespace h2 {

/// The weights of a pass: 4608 rows of a byte per lane, row r in bank r % 32. Looks up the rows of
/// a spike, one per cycle: one for each window that contains it.
class FilterBuffer : public SpineStage {
 public:
  FilterBuffer(sc_core::sc_module_name name, SpineLink& link, Glb& memory,
               BoundedFifo<SpineToken>& in, BoundedFifo<RowToken>& out);

  /// Passes whose weights may be loaded: one at a time, once the rows of the one before are used.
  int loadable() const { return used_ + 1; }
  const sc_core::sc_event& changed() const { return changed_; }
  /// The weights of pass `pass` lie in slot 0 of the memory.
  void loaded(int pass, std::shared_ptr<Glb::Bytes> rows);
  /// The weights of the pass that the lanes work on are there.
  bool ready() const { return loaded_ > used_; }
  /// The lanes are through with a pass.
  void release();
  /// Forgets all passes: a job begins.
  void begin() { loaded_ = used_ = 0; }

 private:
  void work() override;
  void visit(const SpinePass& pass, int visit);

  Glb& memory_;
  BoundedFifo<SpineToken>& in_;
  BoundedFifo<RowToken>& out_;
  std::shared_ptr<Glb::Bytes> rows_;
  int loaded_ = 0, used_ = 0;  // passes
  sc_core::sc_event changed_;
};

}  // namespace h2
