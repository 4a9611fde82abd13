// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/device/worker_pool.h"
#include "modules/h2learn/accelerator.h"
#include "modules/h2learn/machine.h"
#include "modules/sata/sata_spec.h"
#include "modules/sata/schedule.h"
#include "traces/record/trace.h"

namespace h2 {

/// SATA: one array with its operand buffers under a command processor of H2Learn's family.
class SataAccelerator : public Accelerator {
 public:
  /// `machine`, `array` and `workers` outlive the accelerator.
  SataAccelerator(const Machine& machine, const SataSpec& array,
                  const H2LearnAccelerator::Settings& settings, WorkerPool& workers, Trace& trace);

  std::uint64_t sub_batches() const override { return schedule_.sub_batches(); }

 private:
  SataSchedule schedule_;
};

}  // namespace h2
