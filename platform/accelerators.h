// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "modules/device/engine_info.h"
#include "modules/device/schedule.h"
#include "modules/energy/energy_model.h"
#include "modules/h2learn/job_context.h"
#include "platform/config/fit.h"

// What of a configuration depends on the kind of accelerator that it names, without a simulator.

namespace h2 {

struct JobEstimate;

/// The schedule of node 0 alone, for estimates. `config` outlives it.
std::unique_ptr<Schedule> make_schedule(const Config& config, const MaskFactory& masks);
/// Its engines, in the order of the steps of its schedule.
std::vector<EngineInfo> engines_of(const Config& config);
/// The SpinAPS machine with the number of arrays that it is built with: those of the key, or as
/// many as the network takes.
SpinApsMachine built_spinaps(const Config& config);
/// What its engines are made of and what their events take, in the order of engines_of().
std::vector<EnginePlan> energy_plan_of(const Config& config);
/// What an estimate says of a job beside its cost: what it takes of its buffer, and how operands
/// come.
struct JobNote {
  std::uint64_t buffer_bytes = 0;
  std::string dataflow;
};
JobNote describe_job(const Config& config, const JobEstimate& job);
/// What the network takes of each buffer, one line each.
std::string describe_buffers(const Config& config);

}  // namespace h2
