// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/device/event_counts.h"

namespace h2 {

/// What the unit does, behind the events every engine has, and where its time goes: row reads and
/// the stalls add up to the cycles of a job.
enum SpinalEvent : std::size_t {
  kSpineReads = kDeviceEvents,  ///< spikes that min-find takes
  kMerges,
  kRowReads,
  kAdds,
  kTickEnds,
  kSorted,
  kSpikes,
  kListBytes,
  kWeightStall,
  kSpineStall,
  kMergeStall,
  kSumStall,
  kSorterStall,
  kDrain,
  kSpinalEvents
};
const std::vector<EventKind>& spinal_events();

}  // namespace h2
