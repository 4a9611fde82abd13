#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <systemc>
#include <vector>

#include "memory/bus/interconnect.h"
#include "memory/bus/probes.h"
#include "memory/external_memory.h"
#include "memory/glb.h"
#include "modules/device/controller.h"
#include "modules/device/engine.h"
#include "platform/config/config.h"
#include "platform/host/host_cpu.h"
#include "traces/record/trace.h"

namespace h2 {

/// The whole board: instances, address map, binds.
class Platform : public sc_core::sc_module {
 public:
  struct Options {
    int threads = 1;
    MaskFactory masks;  ///< set in runs without data
    std::optional<LutFault> fault;
  };

  Platform(sc_core::sc_module_name name, const Config& config, const Options& options,
           Trace& trace);

  /// Simulates until the host's program ends. Rethrows what ended it; throws RunError that says who
  /// waits for what if nothing can happen any more or nothing has happened for too long.
  void run();

  /// Grows with every job that ends and every sign of life of the host.
  std::uint64_t progress() const;
  /// Core cycles without progress after which a run counts as hung.
  std::uint64_t patience() const;
  std::string describe() const;
  sc_core::sc_time period() const { return period_; }
  /// Core cycles since the start, rounded down.
  std::uint64_t cycle() const { return sc_core::sc_time_stamp().value() / period_.value(); }
  /// Processor time of the engines' arithmetic, summed over all threads.
  double kernel_seconds() const;
  std::array<const Engine*, 3> engines() const { return {&forward, &backward, &weight_update}; }

 private:
  const Config& config_;
  const sc_core::sc_time period_;
  WorkerPool workers_;

 public:
  Probes probes;
  HostCpu host;
  Interconnect interconnect;
  std::vector<std::unique_ptr<ExternalMemory>> memories;  ///< Mem0..2, or one
  Glb forward_glb, backward_glb, weight_update_glb;
  Engine forward, backward, weight_update;
  Controller controller;
  sc_core::sc_signal<bool> irq{"irq"};
};

}  // namespace h2
