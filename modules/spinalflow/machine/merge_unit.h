// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/spinalflow/machine/min_find_unit.h"

namespace h2 {

/// Merges the groups of a visit, one spike per cycle.
class MergeUnit : public SpineStage {
 public:
  MergeUnit(sc_core::sc_module_name name, SpineLink& link, MinFindUnit::Fifos& in,
            BoundedFifo<SpineToken>& out);

 private:
  void work() override;
  void visit(int groups);

  MinFindUnit::Fifos& in_;
  BoundedFifo<SpineToken>& out_;
};

}  // namespace h2
