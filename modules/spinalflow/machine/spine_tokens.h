// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/spinalflow/spinal_neuron.h"
#include "modules/spinalflow/spine.h"

namespace h2 {

/// A spike on its way through the unit; `list`: of the visit's field, -1: the visit has no more.
struct SpineToken {
  SpineEvent event;
  int list = 0;
};
/// A row of weights for the lanes; null: the visit has no more.
struct RowToken {
  const std::int8_t* weights = nullptr;
  int tick = 0;
};
/// The lanes that fired in a tick; the last of a visit has the number of ticks.
struct FiredToken {
  int tick = 0;
  SpinalLanes::Fired lanes;
};

}  // namespace h2
