// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "modules/spinalflow/machine/bounded_fifo.h"
#include "modules/spinalflow/machine/spine_stage.h"
#include "modules/spinalflow/machine/spine_tokens.h"
#include "modules/spinalflow/machine/stream_buffers.h"

namespace h2 {

/// Takes the first spike of a group of up to 16 lists, one per cycle, and fills the intermediate
/// FIFOs, the emptiest first. It goes on while some group has all its heads.
class MinFindUnit : public SpineStage {
 public:
  using Fifos = std::vector<std::unique_ptr<BoundedFifo<SpineToken>>>;  ///< one per group

  MinFindUnit(sc_core::sc_module_name name, SpineLink& link, StreamBuffers<SpineEvent>& spines,
              Fifos& fifos);

  /// It waits for spikes from memory.
  bool starved() const { return starved_; }
  const sc_core::sc_event& changed() const { return changed_; }

 private:
  void work() override;
  void visit(int lists);
  /// The list whose head is the first of a group, -1 if some head has not arrived, kGroupEnded.
  int find(int group, int lists);
  void set_starved(bool starved);

  static constexpr int kGroupEnded = -2;
  StreamBuffers<SpineEvent>& spines_;
  Fifos& fifos_;
  std::vector<char> ended_;  // by list
  std::vector<char> open_;   // by group
  bool starved_ = false;
  sc_core::sc_event changed_;
};

}  // namespace h2
