// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/riscv_core.h"

#include <algorithm>
#include <cstdio>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr std::uint32_t kEcall = 0x00000073, kEbreak = 0x00100073, kWfi = 0x10500073,
                        kMret = 0x30200073;
constexpr std::uint32_t kSystem = 0x73;

std::string hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

}  // namespace

RiscvCore::RiscvCore(RiscvBus& bus, std::uint8_t* ram, std::uint32_t ram_base,
                     std::uint32_t ram_bytes, std::uint32_t entry)
    : bus_(bus), executor_(bus, ram, ram_base, ram_bytes), csrs_(bus) {
  set_pc(entry);
}

void RiscvCore::set_pc(std::uint32_t value) {
  executor_.pc = value & ~1U;
  sleeping_ = false;
  stopped_at_.reset();
}

std::optional<std::uint32_t> RiscvCore::csr(std::uint32_t number) const {
  return csrs_.read(number, retired());
}

bool RiscvCore::set_csr(std::uint32_t number, std::uint32_t value) {
  return csrs_.write(number, value, retired(), false);
}

RiscvCore::Stop RiscvCore::run(std::uint64_t budget) {
  const std::uint64_t end = executor_.count + budget;
  halted_ = false;
  // An instruction that stopped the run is not stopped at once more.
  for (bool first = true;; first = false) {
    if (halted_) return Stop::halt;
    if (executor_.count >= end) return Stop::budget;
    const Taken interrupt = take_interrupt(first);
    if (interrupt == Taken::stopped) return Stop::trap;
    if (interrupt == Taken::yes) first = false;
    if (sleeping_) return Stop::wfi;
    const std::uint64_t limit = std::min(end, executor_.count + bus_.quiet_instructions());
    switch (executor_.run(limit, first)) {
      case Executor::Leave::limit:
        if (executor_.watched()) return Stop::watchpoint;
        break;
      case Executor::Leave::breakpoint:
        return Stop::breakpoint;
      case Executor::Leave::trap:
        if (!take_trap(executor_.trap(), first)) return Stop::trap;
        break;
      case Executor::Leave::system: {
        const std::optional<Trap> trap = system(executor_.instruction());
        if (trap && !take_trap(*trap, first)) return Stop::trap;
      }
    }
  }
}

// Instructions of the SYSTEM opcode, and fence.i.

/// Executes and counts it, or leaves everything as it is and says how it traps.
std::optional<Trap> RiscvCore::system(const Instruction& instruction) {
  const std::uint32_t word = instruction.imm;
  const bool user = privilege() == Privilege::user;
  std::uint32_t next = executor_.pc + instruction.bytes();
  if ((word & 0x7F) != kSystem) {
    executor_.code().clear();
  } else if (word == kEcall) {
    return Trap{user ? kUserEcall : kMachineEcall, 0};
  } else if (word == kEbreak) {
    return Trap{kBreakpoint, 0};
  } else if (word == kMret && !user) {
    next = leave_trap(csrs_.state);
    executor_.drop_reservation();
  } else if (word == kWfi && !(user && (csrs_.state.mstatus & kMstatusTw) != 0)) {
    sleeping_ = true;
  } else if ((word >> 12 & 3) == 0 || !access_csr(word)) {
    return Trap{kIllegal, word};
  }
  executor_.pc = next;
  ++executor_.count;
  return std::nullopt;
}

/// csrrw, csrrs, csrrc and those with an immediate. False, without effect, if that is illegal.
bool RiscvCore::access_csr(std::uint32_t word) {
  const std::uint32_t number = word >> 20, kind = word >> 12 & 3, rs1 = word >> 15 & 31;
  const bool writes = kind == 1 || rs1 != 0;
  if (!csrs_.permits(number) || (writes && number >> 10 == 3)) return false;
  const std::optional<std::uint32_t> old = csrs_.read(number, retired());
  if (!old) return false;
  const bool immediate = (word & 1U << 14) != 0;
  const std::uint32_t operand = immediate ? rs1 : executor_.x[rs1];
  const std::uint32_t value = kind == 1 ? operand : kind == 2 ? *old | operand : *old & ~operand;
  if (writes) csrs_.write(number, value, retired(), true);
  set_reg(word >> 7 & 31, *old);
  return true;
}

// Traps.

/// Wakes from wfi, too. An interrupt takes no time.
RiscvCore::Taken RiscvCore::take_interrupt(bool first) {
  const std::uint32_t lines = bus_.pending();
  if ((lines & enabled()) != 0) sleeping_ = false;
  const std::uint32_t cause = interrupt_to_take(csrs_.state, lines);
  if (cause == 0) return Taken::no;
  if (stops({cause, 0}, first)) return Taken::stopped;
  enter({cause, 0});
  return Taken::yes;
}

/// Whether run() is to end in front of the trap; not twice in a row.
bool RiscvCore::stops(const Trap& trap, bool first) {
  trap_ = trap;
  const bool seen = first && stopped_at_ == executor_.pc;
  stopped_at_.reset();
  if (seen || !stop_before || !stop_before(trap)) return false;
  stopped_at_ = executor_.pc;
  return true;
}

/// The instruction takes its clock, but does not count as executed. False: to be stopped in front
/// of it.
bool RiscvCore::take_trap(const Trap& trap, bool first) {
  if (stops(trap, first)) return false;
  ++executor_.count;
  ++trapped_;
  enter(trap);
  return true;
}

bool RiscvCore::has_handler() const { return executor_.has_ram(csrs_.state.mtvec & ~3U); }

std::string RiscvCore::describe(const Trap& trap) const {
  const std::uint32_t vector = csrs_.state.mtvec;
  const std::string place = name_of ? name_of(pc()) : "";
  std::string text = cause_text(trap.cause) + " (mcause " + hex(trap.cause) + ") at pc " +
                     hex(pc()) + (place.empty() ? "" : " in " + place) + ", mtval " +
                     hex(trap.value);
  if (has_handler()) return text;
  return text + (vector == 0 ? ", and no trap handler is set (mtvec is 0)"
                             : ", and its handler lies outside RAM (mtvec is " + hex(vector) + ")");
}

void RiscvCore::enter(const Trap& trap) {
  if (!has_handler()) throw RunError("firmware: " + describe(trap));
  executor_.drop_reservation();
  executor_.pc = enter_trap(csrs_.state, trap, executor_.pc);
}

}  // namespace h2
