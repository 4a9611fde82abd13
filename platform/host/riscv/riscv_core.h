// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "platform/host/riscv/csr_file.h"
#include "platform/host/riscv/executor.h"
#include "platform/host/riscv/riscv_bus.h"
#include "platform/host/riscv/trap.h"

namespace h2 {

/// RV32IMAC with Zicsr and Zifencei, machine and user mode, without SystemC. The executor runs
/// plain instructions; SYSTEM opcodes, traps and interrupts are done here between them.
class RiscvCore {
 public:
  enum class Stop {
    budget,      ///< enough instructions
    wfi,         ///< sleeping behind a wfi, until a line that mie enables is up
    breakpoint,  ///< in front of the instruction
    watchpoint,  ///< behind the access to hit()
    trap,        ///< in front of an instruction whose trap() stop_before selects
    halt,        ///< halt() was called
  };

  /// `ram` is used in place. Starts at `entry` with registers zero.
  RiscvCore(RiscvBus& bus, std::uint8_t* ram, std::uint32_t ram_base, std::uint32_t ram_bytes,
            std::uint32_t entry);

  /// Executes until `budget` more instructions are counted or something else happens first. Called
  /// again after a stop it goes on: over the breakpoint, into the trap, or sleeping. Throws
  /// RunError for a trap whose handler does not lie in RAM.
  Stop run(std::uint64_t budget);
  /// Ends run() behind the current instruction; from RiscvBus::access.
  void halt() { halted_ = true; }
  /// Instructions executed since the start, those that trapped included; each took one clock.
  std::uint64_t instructions() const { return executor_.count; }

  std::uint32_t reg(unsigned n) const { return executor_.x[n]; }
  void set_reg(unsigned n, std::uint32_t value) {
    if (n != 0) executor_.x[n] = value;
  }
  std::uint32_t pc() const { return executor_.pc; }
  /// Wakes a sleeping processor.
  void set_pc(std::uint32_t value);
  Privilege privilege() const { return csrs_.state.privilege; }
  void set_privilege(Privilege value) { csrs_.state.privilege = value; }
  /// A control and status register by its number, in whatever mode; nullopt where there is none.
  std::optional<std::uint32_t> csr(std::uint32_t number) const;
  /// Fields that are not writable keep their value; false for a register that never is.
  bool set_csr(std::uint32_t number, std::uint32_t value);
  /// Interrupt lines that are up, and those that may wake from wfi.
  std::uint32_t pending() const { return bus_.pending(); }
  std::uint32_t enabled() const { return csrs_.state.mie; }

  // For a debugger.

  /// Code in RAM was changed from outside.
  void code_changed(std::uint32_t address, std::uint32_t bytes) {
    executor_.code().clear(address, bytes);
  }
  DebugPoints& points() { return executor_.points; }
  /// The watchpoint that stopped run().
  const DebugPoints::Watch& hit() const { return *executor_.watched(); }
  /// Ends the sleep of a wfi.
  void wake() { sleeping_ = false; }
  /// Asked in front of an instruction that is about to trap, or in front of which an interrupt is;
  /// true stops there. Null: never.
  std::function<bool(const Trap&)> stop_before;
  const Trap& trap() const { return trap_; }
  /// Whether a trap has a handler to go to.
  bool has_handler() const;
  /// What happens, where, and why it has no handler, for messages.
  std::string describe(const Trap& trap) const;

  /// Names a code address in messages.
  std::function<std::string(std::uint32_t)> name_of;

 private:
  std::optional<Trap> system(const Instruction& instruction);
  bool access_csr(std::uint32_t word);
  enum class Taken { no, yes, stopped };
  Taken take_interrupt(bool first);
  bool take_trap(const Trap& trap, bool first);
  bool stops(const Trap& trap, bool first);
  void enter(const Trap& trap);
  /// Instructions that did not trap: minstret.
  std::uint64_t retired() const { return executor_.count - trapped_; }

  RiscvBus& bus_;
  Executor executor_;
  CsrFile csrs_;
  Trap trap_;
  std::uint64_t trapped_ = 0;
  bool halted_ = false, sleeping_ = false;
  std::optional<std::uint32_t> stopped_at_;  ///< the instruction in front of which run() stopped
};

}  // namespace h2
