// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/spinaps/machine/spin_stage.h"

namespace h2 {

/// The neurons: potential, sigmoid table, generator. Ten cycles a step, in which the draws of the
/// generator are hidden.
class GlmNeurons : public SpinStage {
 public:
  GlmNeurons(sc_core::sc_module_name name, SpinLink& link);

 private:
  void work() override;

  Xorshift16 generator_{1};
};

}  // namespace h2
