// SPDX-License-Identifier: Apache-2.0
#include "platform/node.h"

#include "modules/contract/h2_contract.h"
#include "modules/device/host_link.h"
#include "modules/h2learn/accelerator.h"
#include "modules/multicore/accelerator.h"
#include "modules/sata/accelerator.h"
#include "modules/spinalflow/accelerator.h"
#include "modules/spinaps/accelerator.h"
#include "platform/accelerators.h"
#include "platform/host/energy_model.h"

namespace h2 {
namespace {

bool is_unified(const MemorySpec& memory) {
  return memory.organisation == MemoryOrganisation::unified;
}

sc_core::sc_time period_of(const Config& config) {
  return {1e6 / config.machine.clock_mhz, sc_core::SC_PS};
}

/// Of accelerators that take H2Learn's family of descriptors.
H2LearnAccelerator::Settings family_settings(const Config& config, int index,
                                             const std::string& prefix,
                                             const NodeOptions& options) {
  H2LearnAccelerator::Settings s;
  s.prefix = prefix;
  s.period = period_of(config);
  s.first_port = index * kPortsOfACard;
  s.burst_bytes = config.memory.burst_bytes;
  s.outstanding = config.memory.outstanding;
  s.unified = is_unified(config.memory);
  s.schedule.memory_base = H2_CARD_MEM_BASE(index, 0);
  s.schedule.memory_bytes = config.memory.bytes;
  s.schedule.compress_gradients = config.memory.compress_gradients;
  s.schedule.masks = options.masks;
  s.schedule.fault = options.fault;
  s.schedule.first_sub_batch = options.first_sub_batch;
  return s;
}

/// Targets behind the bus of one node, registers not counted.
int memory_targets(const Config& config) {
  return is_unified(config.memory) ? 1 : memory_count(config);
}

std::unique_ptr<Accelerator> make_spinalflow(const Config& config, int index,
                                             const std::string& prefix, Trace& trace) {
  SpinalFlowAccelerator::Settings s;
  s.prefix = prefix;
  s.period = period_of(config);
  s.first_port = index * kPortsOfACard;
  s.burst_bytes = config.memory.burst_bytes;
  s.outstanding = config.memory.outstanding;
  s.schedule.memory_base = H2_CARD_MEM_BASE(index, 0);
  s.schedule.memory_bytes = config.memory.bytes;
  return std::make_unique<SpinalFlowAccelerator>(config.spinalflow, s, trace);
}

std::unique_ptr<Accelerator> make_spinaps(const Config& config, int index,
                                          const std::string& prefix, Trace& trace) {
  SpinApsAccelerator::Settings s;
  s.prefix = prefix;
  s.period = period_of(config);
  s.first_port = index * kPortsOfACard;
  s.burst_bytes = config.memory.burst_bytes;
  s.outstanding = config.memory.outstanding;
  s.schedule.memory_base = H2_CARD_MEM_BASE(index, 0);
  s.schedule.memory_bytes = config.memory.bytes;
  if (config.has_network) s.classes = config.network.layers.back().cout;
  return std::make_unique<SpinApsAccelerator>(built_spinaps(config), s, trace);
}

/// The one place that knows which accelerators there are.
std::unique_ptr<Accelerator> make_accelerator(const Config& config, int index,
                                              const std::string& prefix, const NodeOptions& options,
                                              WorkerPool& workers, Trace& trace) {
  const H2LearnAccelerator::Settings family = family_settings(config, index, prefix, options);
  switch (config.accelerator) {
    case AcceleratorKind::h2learn:
      return std::make_unique<H2LearnAccelerator>(config.machine, family, workers, trace);
    case AcceleratorKind::sata:
      return std::make_unique<SataAccelerator>(config.machine, config.sata, family, workers, trace);
    case AcceleratorKind::multicore:
      return std::make_unique<MulticoreAccelerator>(config.machine, config.multicore, family,
                                                    workers, trace);
    case AcceleratorKind::spinalflow:
      return make_spinalflow(config, index, prefix, trace);
    case AcceleratorKind::spinaps:
      return make_spinaps(config, index, prefix, trace);
  }
  return nullptr;
}

std::string prefix_of(int index) { return index == 0 ? "" : "node" + std::to_string(index) + "_"; }

}  // namespace

std::vector<AddressRange> address_map(const Config& config, int nodes) {
  std::vector<AddressRange> map;
  const MemorySpec& memory = config.memory;
  const bool unified = is_unified(memory);
  const int targets = 2 + memory_targets(config);
  for (int i = 0; i < nodes; ++i) {
    const int first = i * targets;
    const std::string prefix = prefix_of(i);
    map.push_back({prefix + "registers", H2_CARD_REGS_BASE(i), H2_REGS_SIZE, first, 0});
    for (int n = 0; n < memory_count(config); ++n) {
      map.push_back({prefix + "mem" + std::to_string(n), H2_CARD_MEM_BASE(i, n), memory.bytes,
                     first + 1 + (unified ? 0 : n), unified ? n * memory.bytes : 0});
    }
    map.push_back({prefix + "host_memory", H2_CARD_HOST_MEM_BASE(i), H2_HOST_MEM_SIZE,
                   first + targets - 1, 0});
  }
  return map;
}

Node::Node(const Config& config, int index, const NodeOptions& options, WorkerPool& workers,
           Trace& trace)
    : prefix(prefix_of(index)),
      host((prefix + "host").c_str(), static_cast<double>(config.host_cycles) * period_of(config),
           kHostLinkCycles * period_of(config), trace),
      accelerator(make_accelerator(config, index, prefix, options, workers, trace)),
      irq((prefix + "irq").c_str()) {
  accelerator->show_power(energy_model(config, accelerator->energy_plan()).engines);
}

void Node::connect(const Config& config, Probes& probes, Interconnect& bus, Trace& trace) {
  probes.connect(host.bus, bus.initiators);
  accelerator->connect(probes, bus);
  const bool unified = is_unified(config.memory);
  const int targets = memory_targets(config);
  for (int n = 0; n < targets; ++n) {
    const std::string label = prefix + (targets == 1 ? "mem" : "mem" + std::to_string(n));
    memories.push_back(std::make_unique<ExternalMemory>(
        label.c_str(), unified ? unified_memory(config.memory) : config.memory, trace));
    auto& socket = memories.back()->socket;
    probes.connect(bus.targets, socket, socket);
  }
  probes.connect(bus.targets, host.memory.socket, host.memory.socket);
  host.irq.bind(irq);
  accelerator->commands().irq.bind(irq);
}

}  // namespace h2
