// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/accelerator.h"

#include <algorithm>
#include <string>

#include "modules/device/engine.h"
#include "modules/multicore/core_events.h"
#include "modules/multicore/register_map.h"

namespace h2 {
namespace {

constexpr int kMemories = 3;

}  // namespace

MulticoreAccelerator::MulticoreAccelerator(const Machine& machine, const MulticoreSpec& spec,
                                           const H2LearnAccelerator::Settings& settings,
                                           WorkerPool& workers, Trace& trace)
    : spec_(spec), schedule_(machine, spec, settings.schedule) {
  info_ = multicore_engines(spec, settings.unified);
  events_ = core_events();
  energy_plan_ = multicore_energy_plan(spec);
  mesh_ = std::make_unique<Mesh>((settings.prefix + "mesh").c_str(), spec, settings.period, trace);
  for (int core = 0; core < spec.count; ++core) make_core(core, settings, workers, trace);
  make_gateways(settings);
  schedule_.streams().closed = [this](std::uint32_t stream) {
    for (const auto& interface : interfaces_) interface->drop(stream);
  };
  std::vector<JobEngine*> engines;
  for (const auto& engine : engines_) engines.push_back(engine.get());
  CommandProcessor::Settings s;
  s.period = settings.period;
  s.first_port = settings.first_port;
  s.registers = multicore_registers(machine, spec, settings.schedule.memory_bytes);
  commands_ = std::make_unique<CommandProcessor>((settings.prefix + "controller").c_str(), s,
                                                 schedule_, engines, trace);
  keep_last_step(*commands_, schedule_);
}

void MulticoreAccelerator::make_core(int core, const H2LearnAccelerator::Settings& settings,
                                     WorkerPool& workers, Trace& trace) {
  const std::string name = settings.prefix + "core" + std::to_string(core);
  NetworkInterface::Settings n;
  n.period = mesh_->core_period(core);
  n.core = core;
  n.noc = spec_.noc;
  n.gateway_of = [this, base = settings.schedule.memory_base](std::uint64_t address) {
    const std::uint64_t memory = address < base ? 0 : (address - base) / H2_MEM_STRIDE;
    return mesh_->routes().gateway(static_cast<int>(memory % gateways_.size()));
  };
  interfaces_.push_back(std::make_unique<NetworkInterface>(
      (name + "_network").c_str(), n, mesh_->core(core), schedule_.streams(), trace));
  for (int e = 0; e < kCoreEngines; ++e) {
    const std::string key = settings.prefix + info_[engines_.size()].key;
    glbs_.push_back(std::make_unique<Glb>((key + "_buffer").c_str(), spec_.buffer_bytes, trace));
    JobEngine::Settings s;
    s.period = n.period;
    s.counted = settings.period;
    s.load = {settings.burst_bytes, settings.outstanding, settings.first_port + load_port(e)};
    s.store = {settings.burst_bytes, settings.outstanding, settings.first_port + store_port(e)};
    engines_.push_back(std::make_unique<Engine>(key.c_str(), s, *glbs_.back(), workers, trace));
    views_.push_back(engines_.back().get());
  }
}

/// One per row, for memories by turns.
void MulticoreAccelerator::make_gateways(const H2LearnAccelerator::Settings& settings) {
  for (int row = 0; row < std::min(spec_.rows(), kMemories); ++row) {
    const std::string name = settings.prefix + "gateway" + std::to_string(row);
    gateways_.push_back(
        std::make_unique<MemoryGateway>(name.c_str(), spec_.noc, mesh_->gateway(row)));
  }
}

void MulticoreAccelerator::connect(Probes& probes, Interconnect& bus) {
  probes.connect(commands_->bus, bus.initiators);
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    NetworkInterface& interface = *interfaces_[i / kCoreEngines];
    probes.connect(engines_[i]->load_port.socket, interface.engines);
    probes.connect(engines_[i]->store_port.socket, interface.engines);
    probes.connect(engines_[i]->glb_socket, glbs_[i]->socket);
  }
  for (const auto& gateway : gateways_) probes.connect(gateway->bus, bus.initiators);
  auto& registers = commands_->registers.socket;
  probes.connect(bus.targets, registers, registers);
}

void MulticoreAccelerator::declare(StatGroup& root) const {
  StatGroup& noc = root.group("noc");
  const Mesh& mesh = *mesh_;
  for (std::size_t k = 0; k < kPacketKinds; ++k) {
    const std::string kind = h2::name_of(static_cast<PacketKind>(k));
    noc.add(kind + "_flit_hops", "1", "flits of " + kind + " times the links they passed",
            "sum over all outputs of all routers",
            [&mesh, k] { return static_cast<double>(mesh.flits_of_all_links()[k]); });
  }
  noc.add("packets", "1", "packets that arrived", "counted at cores and gateways",
          [&mesh] { return static_cast<double>(mesh.latencies().received); });
  noc.add("mean_latency", "cycles", "of packets, cycles of the mesh",
          "from the first flit into the mesh to the last flit out of it, mean", [&mesh] {
            const MeshEndpoint::Stats s = mesh.latencies();
            return s.received == 0 ? 0.0 : static_cast<double>(s.latency_cycles) / s.received;
          });
  for (int core = 0; core < spec_.count; ++core) {
    const NetworkInterface& interface = *interfaces_[core];
    StatGroup& group = noc.group("core" + std::to_string(core), "core");
    group.add("mail_sent", "B", "results sent to mailboxes", "once per receiver",
              [&interface] { return static_cast<double>(interface.stats().mail_sent); });
    group.add("mailbox_highest", "B", "held in its mailboxes at once, at most",
              "largest sum of what has arrived and not been read",
              [&interface] { return static_cast<double>(interface.stats().highest_mail_bytes); });
    group.add("credit_waits", "1", "writes that found a mailbox full",
              "counted whenever a write is tried",
              [&interface] { return static_cast<double>(interface.stats().credit_waits); });
  }
}

std::optional<NocRecord> MulticoreAccelerator::noc() const {
  NocRecord record;
  const MeshRoutes& routes = mesh_->routes();
  record.columns = routes.columns();
  record.rows = routes.rows();
  record.cores = schedule_.work();
  record.cores.resize(routes.routers());
  const double elapsed = sc_core::sc_time_stamp() / mesh_->period();
  for (int router = 0; router < routes.routers(); ++router) {
    for (int p = 0; p < kMeshPorts; ++p) {
      std::uint64_t flits = 0;
      for (const std::uint64_t kind : mesh_->flits(router, p)) flits += kind;
      if (flits == 0) continue;
      record.flit_hops += flits;
      if (routes.neighbour(router, p) < 0) record.flits += flits;
      record.links.push_back({router, h2::name_of(static_cast<MeshPort>(p)), flits,
                              elapsed > 0 ? static_cast<double>(flits) / elapsed : 0});
    }
  }
  const MeshEndpoint::Stats s = mesh_->latencies();
  record.packets = s.received;
  if (s.received > 0) {
    record.mean_latency_cycles = static_cast<double>(s.latency_cycles) / s.received;
    record.p99_latency_cycles = s.percentile(.99);
  }
  return record;
}

}  // namespace h2
