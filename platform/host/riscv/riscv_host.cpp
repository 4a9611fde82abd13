#include "platform/host/riscv/riscv_host.h"

#include <algorithm>
#include <utility>

#include "memory/bus/payload.h"
#include "modules/base/error.h"
#include "modules/contract/h2_contract.h"
#include "platform/host/riscv/h2_soc.h"

namespace h2 {
namespace {

std::vector<AddressRange> address_map() {
  return {{"timer", H2_SOC_TIMER_BASE, H2_SOC_TIMER_SIZE, 0, 0},
          {"card registers", H2_REGS_BASE, H2_REGS_SIZE, 1, H2_REGS_BASE},
          {"uart", H2_SOC_UART_BASE, H2_SOC_UART_SIZE, 2, 0},
          {"host dma", H2_SOC_DMA_BASE, H2_SOC_DMA_SIZE, 3, 0},
          {"finisher", H2_SOC_FINISHER_BASE, H2_SOC_FINISHER_SIZE, 4, 0},
          {"ram", H2_SOC_RAM_BASE, H2_SOC_RAM_SIZE, 5, 0}};
}

/// Longest sleep in wfi without a look at the debugger, and without a sign of life to the watchdog.
const sc_core::sc_time& longest_sleep() {
  static const sc_core::sc_time time(1, sc_core::SC_MS);
  return time;
}

constexpr std::uint32_t kWfiBytes = 4;

/// When something happens next on the platform, at the earliest.
sc_core::sc_time next_activity() {
  return sc_core::sc_time_stamp() + sc_core::sc_time_to_pending_activity();
}

/// The processor comes last in what happens at one time, however far it ran ahead before.
void settle() {
  while (sc_core::sc_pending_activity_at_current_time()) wait(sc_core::SC_ZERO_TIME);
}

}  // namespace

RiscvHost::RiscvHost(sc_core::sc_module_name name, HostCpu& host, ElfImage image, Settings settings,
                     std::ostream& console)
    : sc_module(name),
      interconnect("interconnect", address_map()),
      ram("ram", H2_SOC_RAM_BASE, H2_SOC_RAM_SIZE),
      timer("timer"),
      uart("uart", console),
      dma("dma", ram, host),
      finisher("finisher"),
      host_(host),
      image_(std::move(image)),
      settings_(settings) {
  card.register_b_transport(this, &RiscvHost::card_transport);
  card.register_transport_dbg(this, &RiscvHost::card_debug);
  Probes none;
  Probes& probes = settings.probes != nullptr ? *settings.probes : none;
  const auto connect = [&](auto& socket) { probes.connect(interconnect.targets, socket, socket); };
  probes.connect(bus, interconnect.initiators);
  connect(timer.socket);
  connect(card);
  connect(uart.socket);
  connect(dma.socket);
  connect(finisher.socket);
  connect(ram.socket);
}

void RiscvHost::card_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  payload.set_response_status(host_.transport(payload.get_command(), payload.get_address(),
                                              payload.get_data_ptr(), payload.get_data_length()));
}

unsigned RiscvHost::card_debug(tlm::tlm_generic_payload& payload) {
  return host_.debug(payload.get_command(), payload.get_address(), payload.get_data_ptr(),
                     payload.get_data_length())
             ? payload.get_data_length()
             : 0;
}

bool RiscvHost::debug(tlm::tlm_command command, std::uint32_t address, void* data,
                      std::uint32_t bytes) {
  tlm::tlm_generic_payload payload;
  set_access(payload, command, address, data, bytes);
  return bus->transport_dbg(payload) == bytes;
}

void RiscvHost::load() {
  for (const ElfImage::Segment& s : image_.segments) {
    if (s.bytes.empty()) continue;  // RAM is zero
    auto* data = const_cast<std::uint8_t*>(s.bytes.data());
    if (!debug(tlm::TLM_WRITE_COMMAND, s.address, data, static_cast<std::uint32_t>(s.bytes.size())))
      throw RunError("firmware: a segment could not be loaded");
  }
  tlm::tlm_generic_payload payload;
  set_access(payload, tlm::TLM_READ_COMMAND, H2_SOC_RAM_BASE, nullptr, 4);
  tlm::tlm_dmi dmi;
  if (!bus->get_direct_mem_ptr(payload, dmi)) throw RunError("firmware: RAM refuses DMI");
  core_ = std::make_unique<RiscvCore>(static_cast<RiscvBus&>(*this), dmi.get_dmi_ptr(),
                                      H2_SOC_RAM_BASE, H2_SOC_RAM_SIZE, image_.entry);
  core_->name_of = [this](std::uint32_t address) { return image_.name_of(address); };
}

void RiscvHost::run() {
  load();
  try {
    execute();
  } catch (const RunError&) {
    uart.flush();
    if (control != nullptr) control->ended(1);
    throw;
  }
  synchronise();
  uart.flush();
  if (control != nullptr) control->ended(exit_code());
}

void RiscvHost::execute() {
  RiscvCore::Stop stop = RiscvCore::Stop::halt;
  while (!finisher.finished()) {
    std::uint64_t budget = settings_.quantum;
    if (control != nullptr) budget = std::min(budget, control->allow(stop));
    stop = core_->run(budget);
    synchronise();
    uart.flush();
    host_.alive();
    if (stop == RiscvCore::Stop::wfi) idle();
  }
}

void RiscvHost::idle() {
  if ((pending() & core_->enabled()) != 0) return;
  host_.describe("an interrupt, in wfi at " + image_.name_of(core_->pc() - kWfiBytes));
  const bool timed = (core_->enabled() & kMtip) != 0 && timer.deadline() != sc_core::sc_max_time();
  if (!timed && control == nullptr) {
    wait(host_.irq.value_changed_event());
  } else {
    sc_core::sc_time sleep = longest_sleep();
    if (timed) sleep = std::min(sleep, timer.deadline() - sc_core::sc_time_stamp());
    wait(sleep, host_.irq.value_changed_event());
  }
  settle();
  host_.describe("nothing");
}

// Simulated time.

sc_core::sc_time RiscvHost::now() const {
  const std::uint64_t ahead = core_->instructions() - synchronised_;
  return sc_core::sc_time_stamp() + sc_core::sc_time::from_value(ahead * settings_.period.value());
}

/// Lets the platform reach the time of the processor, with all that happens there.
void RiscvHost::synchronise() {
  const sc_core::sc_time ahead = now() - sc_core::sc_time_stamp();
  synchronised_ = core_->instructions();
  if (ahead != sc_core::SC_ZERO_TIME) wait(ahead);
  settle();
}

/// Those that have begun before `time`.
std::uint64_t RiscvHost::instructions_until(sc_core::sc_time time) const {
  const std::uint64_t period = settings_.period.value();
  return ((time - now()).value() + period - 1) / period;
}

// What the processor sees.

bool RiscvHost::access(bool write, std::uint32_t address, void* data, unsigned bytes) {
  synchronise();
  tlm::tlm_generic_payload payload;
  set_access(payload, write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, address, data, bytes);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  bus->b_transport(payload, delay);
  if (delay != sc_core::SC_ZERO_TIME) wait(delay);
  if (finisher.finished()) core_->halt();
  return payload.is_response_ok();
}

std::uint32_t RiscvHost::pending() {
  if (next_activity() <= now()) synchronise();
  return (host_.irq.read() ? kMeip : 0) | (timer.due(now()) ? kMtip : 0) |
         (timer.software_interrupt() ? kMsip : 0);
}

/// Until the timer's line or anything on the platform moves.
std::uint64_t RiscvHost::quiet_instructions() {
  const sc_core::sc_time here = now(), activity = next_activity();
  if (activity <= here) return 1;
  std::uint64_t quiet = std::min(settings_.quantum, instructions_until(activity));
  if (timer.deadline() > here) quiet = std::min(quiet, instructions_until(timer.deadline()));
  return quiet;
}

}  // namespace h2
