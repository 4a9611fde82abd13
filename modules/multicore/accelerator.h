// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "modules/device/worker_pool.h"
#include "modules/h2learn/accelerator.h"
#include "modules/h2learn/machine.h"
#include "modules/multicore/machine/memory_gateway.h"
#include "modules/multicore/machine/mesh.h"
#include "modules/multicore/machine/network_interface.h"
#include "modules/multicore/schedule.h"
#include "traces/record/trace.h"

namespace h2 {

/// Cores with three engines and a network interface each, on a mesh with gateways to the memories
/// at its west edge, under a command processor of H2Learn's family.
class MulticoreAccelerator : public Accelerator {
 public:
  /// `machine`, `spec` and `workers` outlive the accelerator.
  MulticoreAccelerator(const Machine& machine, const MulticoreSpec& spec,
                       const H2LearnAccelerator::Settings& settings, WorkerPool& workers,
                       Trace& trace);

  std::uint64_t sub_batches() const override { return schedule_.sub_batches(); }
  void connect(Probes& probes, Interconnect& bus) override;

  void declare(StatGroup& root) const override;
  std::optional<NocRecord> noc() const override;

  const Mesh& mesh() const { return *mesh_; }
  const NetworkInterface& interface(int core) const { return *interfaces_[core]; }

 private:
  void make_core(int core, const H2LearnAccelerator::Settings& settings, WorkerPool& workers,
                 Trace& trace);
  void make_gateways(const H2LearnAccelerator::Settings& settings);

  const MulticoreSpec& spec_;
  MulticoreSchedule schedule_;
  std::unique_ptr<Mesh> mesh_;
  std::vector<std::unique_ptr<NetworkInterface>> interfaces_;  // by core
  std::vector<std::unique_ptr<MemoryGateway>> gateways_;       // by row, the first ones
};

}  // namespace h2
