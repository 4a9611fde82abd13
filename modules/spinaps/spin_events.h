// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/device/event_counts.h"

namespace h2 {

/// What the card does, behind the events every engine has.
enum SpinEvent : std::size_t {
  kSpinRowReads = kDeviceEvents,
  kSpinBitsRead,
  kSpinAdds,
  kSpinNeuronSteps,
  kSpinDraws,
  kSpinSpikes,
  kSpinDecisions,
  kSpinSteps,
  kSpinSlicesWritten,
  kSpinWrites,
  kSpinBitsWritten,
  kSpinBitsVerified,
  kSpinEvents
};
const std::vector<EventKind>& spin_events();

}  // namespace h2
