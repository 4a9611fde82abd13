#include "platform/platform.h"

#include "modules/base/error.h"
#include "modules/contract/h2_contract.h"

namespace h2 {
namespace {

/// Regs, then Mem0..2: three targets, or (unified) one behind a single arbiter.
std::vector<AddressRange> address_map(const MemorySpec& memory) {
  std::vector<AddressRange> map{{"registers", H2_REGS_BASE, H2_REGS_SIZE, 0, 0}};
  const bool unified = memory.organisation == MemoryOrganisation::unified;
  for (unsigned n = 0; n < 3; ++n) {
    map.push_back({"mem" + std::to_string(n), H2_MEM_BASE(n), memory.bytes,
                   unified ? 1 : static_cast<int>(n) + 1, unified ? n * memory.bytes : 0});
  }
  return map;
}

Engine::Settings engine_settings(const Config& config, sc_core::sc_time period, Port load,
                                 Port store) {
  Engine::Settings s;
  s.period = period;
  s.load = {config.memory.burst_bytes, config.memory.outstanding, load};
  s.store = {config.memory.burst_bytes, config.memory.outstanding, store};
  return s;
}

Controller::Settings controller_settings(const Config& config, sc_core::sc_time period,
                                         const Platform::Options& options) {
  Controller::Settings s;
  s.period = period;
  s.memory_bytes = config.memory.bytes;
  s.compress_gradients = config.memory.compress_gradients;
  s.masks = options.masks;
  s.fault = options.fault;
  return s;
}

}  // namespace

Platform::Platform(sc_core::sc_module_name name, const Config& config, const Options& options,
                   Trace& trace)
    : sc_module(name),
      config_(config),
      period_(1e6 / config.machine.clock_mhz, sc_core::SC_PS),
      workers_(options.threads),
      probes(config.probe, trace),
      host("host", static_cast<double>(config.host_cycles) * period_, trace),
      interconnect("interconnect", address_map(config.memory)),
      forward_glb("glb_forward", config.machine.glb.forward, trace),
      backward_glb("glb_backward", config.machine.glb.backward, trace),
      weight_update_glb("glb_weight_update", config.machine.glb.weight_update, trace),
      forward("forward", engine_settings(config, period_, kForwardLoad, kForwardStore), forward_glb,
              workers_, trace),
      backward("backward", engine_settings(config, period_, kBackwardLoad, kBackwardStore),
               backward_glb, workers_, trace),
      weight_update("weight_update",
                    engine_settings(config, period_, kWeightUpdateLoad, kWeightUpdateStore),
                    weight_update_glb, workers_, trace),
      controller("controller", config.machine, controller_settings(config, period_, options),
                 {forward, backward, weight_update}, trace) {
  probes.connect(host.bus, interconnect.initiators);
  probes.connect(controller.bus, interconnect.initiators);
  for (Engine* engine : {&forward, &backward, &weight_update}) {
    probes.connect(engine->load_port.socket, interconnect.initiators);
    probes.connect(engine->store_port.socket, interconnect.initiators);
  }
  probes.connect(forward.glb_socket, forward_glb.socket);
  probes.connect(backward.glb_socket, backward_glb.socket);
  probes.connect(weight_update.glb_socket, weight_update_glb.socket);
  auto& registers = controller.registers.socket;
  probes.connect(interconnect.targets, registers, registers);
  const bool unified = config.memory.organisation == MemoryOrganisation::unified;
  for (int n = 0; n < (unified ? 1 : 3); ++n) {
    const std::string label = unified ? "mem" : "mem" + std::to_string(n);
    memories.push_back(std::make_unique<ExternalMemory>(
        label.c_str(), unified ? unified_memory(config.memory) : config.memory, trace));
    auto& socket = memories.back()->socket;
    probes.connect(interconnect.targets, socket, socket);
  }
  interconnect.guard = [this](const tlm::tlm_generic_payload& p) { return controller.judge(p); };
  host.irq.bind(irq);
  controller.irq.bind(irq);
}

std::uint64_t Platform::patience() const {
  return config_.watchdog_cycles != 0 ? config_.watchdog_cycles : 100'000'000;
}

std::uint64_t Platform::progress() const {
  std::uint64_t progress = host.signs_of_life();
  for (const Engine* e : engines()) progress += e->jobs();
  return progress;
}

void Platform::run() {
  probes.require_matches();
  const sc_core::sc_time window = static_cast<double>(patience()) * period_;
  std::uint64_t seen = ~std::uint64_t{0};
  while (!host.finished()) {
    sc_core::sc_start(window);
    if (host.finished()) break;
    if (progress() == seen && !host.bounded_wait_since(sc_core::sc_time_stamp() - window)) {
      throw RunError("no progress for " + std::to_string(patience()) +
                     " core cycles (host.watchdog_cycles): " + describe());
    }
    seen = progress();
  }
  if (host.failure()) std::rethrow_exception(host.failure());
}

double Platform::kernel_seconds() const {
  double seconds = 0;
  for (const Engine* e : engines()) seconds += e->kernel_seconds();
  return seconds;
}

std::string Platform::describe() const {
  std::string text = "host waits for " + host.waiting_for() + "; " + controller.describe();
  for (const Engine* e : engines()) text += "; " + e->describe();
  return text;
}

}  // namespace h2
