// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "modules/device/staged_engine.h"
#include "modules/spinaps/machine/first_spike_arbiter.h"
#include "modules/spinaps/machine/glm_neurons.h"
#include "modules/spinaps/machine/nvm_array.h"
#include "modules/spinaps/machine/spike_scheduler.h"

namespace h2 {

/// The whole card: memory -> buffer -> scheduler -> arrays -> neurons -> arbiter -> memory. Runs
/// SpinJobs.
class SpinEngine : public StagedEngine {
 public:
  SpinEngine(sc_core::sc_module_name name, const Settings& settings, const SpinApsMachine& machine,
             Glb& buffer, Trace& trace);

  /// What the arrays hold.
  const NvmStore& store() const { return array_.store(); }

 private:
  void begin(const EngineJob& job) override;
  bool finished() const override;
  void add_ends(sc_core::sc_event_or_list& events) const override;
  bool under_way() const override { return dma_.under_way(); }
  void end(bool failed) override;
  void fill_record(const EngineJob& job, JobRecord& record) override;
  std::string outcome(const JobRecord& record) const override;
  void add_arguments(const JobRecord& record, nlohmann::ordered_json& arguments) const override;

  int winner_signal_, step_signal_;
  SpinLink link_;
  SpinDma dma_;
  SpikeScheduler scheduler_;
  NvmArray array_;
  GlmNeurons neurons_;
  FirstSpikeArbiter arbiter_;
};

}  // namespace h2
