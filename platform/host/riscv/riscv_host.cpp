// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/riscv_host.h"

#include <algorithm>
#include <cstdio>
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
          {"ram", H2_SOC_RAM_BASE, H2_SOC_RAM_SIZE, 5, 0},
          {"plic", H2_SOC_PLIC_BASE, H2_SOC_PLIC_SIZE, 6, 0},
          {"test finisher", H2_SOC_TEST_BASE, H2_SOC_FINISHER_SIZE, 4, 0}};
}

constexpr int kResetPolls = 10'000;  ///< microseconds that a reset of the card may take

/// Longest sleep in wfi without a look at the debugger and at Settings::stop.
const sc_core::sc_time& longest_sleep() {
  static const sc_core::sc_time time(1, sc_core::SC_MS);
  return time;
}

constexpr std::uint32_t kWfiBytes = 4;
/// About a millisecond of the computer's time, whatever the quantum.
constexpr std::uint64_t kLongestSlice = 1'000'000;

/// When something happens next on the platform, at the earliest.
sc_core::sc_time next_activity() {
  return sc_core::sc_time_stamp() + sc_core::sc_time_to_pending_activity();
}

/// The processor comes last in what happens at one time, however far it ran ahead before.
void settle() {
  while (sc_core::sc_pending_activity_at_current_time()) wait(sc_core::SC_ZERO_TIME);
}

}  // namespace

RiscvHost::RiscvHost(sc_core::sc_module_name name, HostCpu& host, ElfImage image,
                     const Settings& settings, std::ostream& console)
    : sc_module(name),
      interconnect("interconnect", address_map()),
      ram("ram", H2_SOC_RAM_BASE, H2_SOC_RAM_SIZE, host.memory.data()),
      timer("timer"),
      plic("plic"),
      uart("uart", console, settings.period),
      dma("dma", ram, host),
      finisher("finisher"),
      host_(host),
      image_(std::move(image)),
      settings_(settings) {
  uart.most_bytes = settings.max_output;
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
  connect(plic.socket);
  plic.lines = [this] {
    return (host_.irq.read() ? 1U << H2_SOC_CARD_SOURCE : 0) |
           (uart.interrupt(now()) ? 1U << H2_SOC_UART_SOURCE : 0);
  };
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
  if (bytes == 0) return true;
  tlm::tlm_generic_payload payload;
  set_access(payload, command, address, data, bytes);
  return bus->transport_dbg(payload) == bytes;
}

void RiscvHost::load() {
  for (const ElfImage::Segment& s : image_.segments) {
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
  htif_.reset();
  if (image_.tohost) htif_.emplace(*image_.tohost, image_.fromhost, ram, uart, finisher);
}

void RiscvHost::run() {
  load();
  host_.place = [this] { return "in " + place(); };
  for (bool again = true; again;) {
    std::exception_ptr failure;
    try {
      execute();
      synchronise();
    } catch (const RunError&) {
      failure = std::current_exception();
    }
    uart.flush();
    again = control != nullptr && control->ended(failure ? 1 : exit_code());
    if (!again && failure) std::rethrow_exception(failure);
  }
}

bool RiscvHost::reset() {
  synchronise();
  uart.flush();
  const bool ok = reset_card();
  for (SocDevice* device :
       std::initializer_list<SocDevice*>{&timer, &plic, &uart, &dma, &finisher}) {
    device->reset();
  }
  ram.clear();
  const std::unique_ptr<RiscvCore> before = std::move(core_);
  before_reset_ += before->instructions();
  load();
  core_->points() = std::move(before->points());
  core_->stop_before = std::move(before->stop_before);
  started_ = sc_core::sc_time_stamp();
  synchronised_ = 0;
  return ok;
}

/// Its memories keep what they hold.
bool RiscvHost::reset_card() {
  std::uint32_t control = H2_CONTROL_RESET;
  const std::uint64_t address = H2_REGS_BASE + H2_REG_CONTROL;
  host_.transport(tlm::TLM_WRITE_COMMAND, address, &control, sizeof control);
  for (int polls = 0; polls < kResetPolls && control != 0; ++polls) {
    wait(1, sc_core::SC_US);
    host_.transport(tlm::TLM_READ_COMMAND, address, &control, sizeof control);
  }
  return control == 0;
}

void RiscvHost::execute() {
  RiscvCore::Stop stop = RiscvCore::Stop::halt;
  while (!finisher.finished()) {
    std::uint64_t instructions = budget();
    if (control != nullptr) instructions = std::min(instructions, control->allow(stop));
    if (htif_)
      instructions = std::min(instructions, htif_->instructions_until_look(core_->instructions()));
    stop = core_->run(instructions);
    synchronise();
    if (htif_) htif_->look(core_->instructions(), stop == RiscvCore::Stop::wfi);
    uart.flush();
    if (finisher.wants_reset() && !reset())
      throw RunError("firmware: the card does not end the reset that the finisher was asked for");
    update_heartbeat();
    if (stop != RiscvCore::Stop::wfi) sleep_.reset();
    if (settings_.stop()) throw RunError("firmware: interrupted" + progress_text());
    if (stop == RiscvCore::Stop::wfi && !finisher.finished()) idle();
  }
  sleep_.reset();
}

/// Computation is progress; polling the card alone is not, nor is sleep.
void RiscvHost::update_heartbeat() {
  const std::uint64_t executed = instructions();
  const bool polls = host_.accesses() != beat_accesses_ && !used_device_;
  if (executed != beat_instructions_ && !polls) host_.heartbeat();
  beat_instructions_ = executed;
  beat_accesses_ = host_.accesses();
  used_device_ = false;
}

/// When a device of the processor raises an enabled line by itself; sc_max_time(): never.
sc_core::sc_time RiscvHost::wake_time() const {
  const sc_core::sc_time never = sc_core::sc_max_time();
  return std::min((core_->enabled() & kMtip) != 0 ? timer.deadline() : never,
                  (core_->enabled() & kMeip) != 0 ? uart.deadline() : never);
}

bool RiscvHost::can_wake() {
  return (pending() & core_->enabled()) != 0 || wake_time() != sc_core::sc_max_time() ||
         ((core_->enabled() & kMeip) != 0 && sc_core::sc_pending_activity());
}

std::string RiscvHost::place() const {
  const std::string name = image_.name_of(core_->pc());
  if (!name.empty()) return name;
  char address[16];
  std::snprintf(address, sizeof address, "0x%08x", core_->pc());
  return address;
}

/// Where the program is, for messages.
std::string RiscvHost::progress_text() const {
  return " in " + place() + " after " + std::to_string(instructions()) + " instructions, " +
         std::to_string(now().to_seconds() * 1e6) + " us";
}

/// Instructions until the console and the debugger get their turn. Throws RunError at a limit.
std::uint64_t RiscvHost::budget() const {
  const bool late = now() >= settings_.max_time;
  if (late || instructions() >= settings_.max_instructions) {
    throw RunError(std::string("firmware: ") + (late ? "--max-time" : "--max-instructions") +
                   " is reached" + progress_text());
  }
  if (uart.failed()) throw RunError("firmware: its console cannot be written" + progress_text());
  if (uart.written() >= settings_.max_output) {
    throw RunError("firmware: --max-output is reached: " + std::to_string(uart.written()) +
                   " bytes on its console" + progress_text());
  }
  return std::min({settings_.quantum, kLongestSlice, settings_.max_instructions - instructions(),
                   instructions_until(settings_.max_time)});
}

void RiscvHost::idle() {
  if ((pending() & core_->enabled()) != 0) return;
  host_.set_waiting_for("an interrupt, in wfi at " + image_.name_of(core_->pc() - kWfiBytes));
  // Without a timer only the card can wake it, and a card that never does is a hang.
  const bool timed = wake_time() != sc_core::sc_max_time();
  if (!timed) sleep_.reset();
  if (timed && (!sleep_ || asleep_at_ != instructions())) sleep_.emplace(host_);
  asleep_at_ = instructions();
  const sc_core::sc_time until =
      std::min({wake_time(), settings_.max_time, sc_core::sc_time_stamp() + longest_sleep()});
  wait(until - sc_core::sc_time_stamp(), host_.irq.value_changed_event());
  settle();
  host_.set_waiting_for("");
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

/// Those that begin before `time`, which is later than now().
std::uint64_t RiscvHost::instructions_until(sc_core::sc_time time) const {
  return ((time - now()).value() - 1) / settings_.period.value() + 1;
}

// What the processor sees.

bool RiscvHost::access(bool write, std::uint32_t address, void* data, unsigned bytes) {
  synchronise();
  used_device_ |=
      address - H2_REGS_BASE >= H2_REGS_SIZE && address - H2_SOC_DMA_BASE >= H2_SOC_DMA_SIZE;
  tlm::tlm_generic_payload payload;
  set_access(payload, write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, address, data, bytes);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  bus->b_transport(payload, delay);
  if (delay != sc_core::SC_ZERO_TIME) wait(delay);
  if (finisher.finished() || finisher.wants_reset()) core_->halt();
  return payload.is_response_ok();
}

std::uint32_t RiscvHost::pending() {
  if (next_activity() <= now()) synchronise();
  return (plic.interrupt() ? kMeip : 0) | (timer.due(now()) ? kMtip : 0) |
         (timer.software_interrupt() ? kMsip : 0);
}

/// Until the timer's line or anything on the platform moves.
std::uint64_t RiscvHost::quiet_instructions() {
  const sc_core::sc_time here = now(), activity = next_activity();
  if (activity <= here) return 1;
  std::uint64_t quiet = std::min(settings_.quantum, instructions_until(activity));
  for (const sc_core::sc_time& due : {timer.deadline(), uart.deadline()})
    if (due > here) quiet = std::min(quiet, instructions_until(due));
  return quiet;
}

}  // namespace h2
