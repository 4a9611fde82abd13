// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>

#include "modules/device/stage.h"
#include "modules/spinalflow/spine_plan.h"

namespace h2 {

/// What the modules of the unit have in common.
struct SpineLink : StageLink {
  const SpinePlan* plan = nullptr;  ///< of the job under way
};

/// A module that goes through the plan of one job after another.
class SpineStage : public Stage {
 protected:
  SpineStage(const sc_core::sc_module_name& name, SpineLink& link)
      : Stage(name, link), link_(link) {}
  void cycle() { wait(link_.period); }
  const SpinePlan& plan() const { return *link_.plan; }

  SpineLink& link_;
};

}  // namespace h2
