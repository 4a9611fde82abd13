// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <systemc>
#include <vector>

#include "memory/bus/interconnect.h"
#include "memory/bus/probes.h"
#include "memory/external_memory.h"
#include "modules/device/accelerator.h"
#include "modules/device/worker_pool.h"
#include "modules/h2learn/job_context.h"
#include "platform/config/config.h"
#include "platform/host/host_cpu.h"
#include "traces/record/trace.h"

namespace h2 {

/// What runs of all nodes of a board have in common beside the configuration.
struct NodeOptions {
  MaskFactory masks;  ///< set in runs without data
  std::optional<LutFault> fault;
  std::uint64_t first_sub_batch = 0;  ///< its running number
};

/// A host, its card and the card's memories, on a bus that all nodes of a board share. Node 0 has
/// the addresses of H2_REGS_BASE and H2_MEM_BASE, node `index` those of H2_CARD_*(index). The
/// modules are children of the board; from node 1 on their names begin with "node1_".
struct Node {
  Node(const Config& config, int index, const NodeOptions& options, WorkerPool& workers,
       Trace& trace);
  /// Makes the memories and binds everything to the bus.
  void connect(const Config& config, Probes& probes, Interconnect& bus, Trace& trace);

  const std::string prefix;
  HostCpu host;
  std::unique_ptr<Accelerator> accelerator;
  std::vector<std::unique_ptr<ExternalMemory>> memories;  ///< Mem0..2, or one
  sc_core::sc_signal<bool> irq;
};

/// What nodes take of the system address map: registers, then the memories: Mem0..2, three targets
/// or (unified) one behind a single arbiter, or Mem0 alone; then memory of the host.
std::vector<AddressRange> address_map(const Config& config, int nodes);

}  // namespace h2
