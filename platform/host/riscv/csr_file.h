// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "platform/host/riscv/riscv_bus.h"
#include "platform/host/riscv/riscv_csr.h"

namespace h2 {

/// What traps read and write, and the mode. As after a reset.
struct MachineState {
  Privilege privilege = Privilege::machine;
  std::uint32_t mstatus = kMstatusMpp;
  std::uint32_t mie = 0, mtvec = 0, mscratch = 0, mepc = 0, mcause = 0, mtval = 0;
};

/// A counter that software may set and stop. It is kept as the difference to a count that never
/// does either.
class SettableCounter {
 public:
  std::uint64_t value(std::uint64_t count) const { return stopped_ ? held_ : count + offset_; }
  /// Reads `value` when the count is `count`.
  void set(std::uint64_t value, std::uint64_t count);
  void stop(bool stopped, std::uint64_t count);

 private:
  bool stopped_ = false;
  std::uint64_t held_ = 0, offset_ = 0;
};

/// The control and status registers of a hart with machine and user mode, by number. Those that do
/// not exist here do not exist for software: there is no supervisor mode, no memory protection, no
/// floating point and no debug trigger.
class CsrFile {
 public:
  explicit CsrFile(RiscvBus& bus) : bus_(bus) {}

  MachineState state;

  /// Counters as instructions see them: `retired` instructions before the one under way. An
  /// instruction that writes a counter is not counted by it.
  std::optional<std::uint32_t> read(std::uint32_t number, std::uint64_t retired) const;
  /// False where nothing can be written. `executing`: by an instruction, not by a debugger.
  bool write(std::uint32_t number, std::uint32_t value, std::uint64_t retired, bool executing);
  /// Whether code in the present mode may name this register.
  bool permits(std::uint32_t number) const;

 private:
  std::uint64_t counter(std::uint32_t number, std::uint64_t retired) const;
  std::optional<std::uint32_t> read_counter(std::uint32_t number, std::uint64_t retired) const;
  bool write_counter(std::uint32_t number, std::uint32_t value, std::uint64_t retired,
                     std::uint64_t extra);
  void inhibit(std::uint32_t value, std::uint64_t retired, std::uint64_t cycles);

  RiscvBus& bus_;
  std::uint32_t mcounteren_ = 0, menvcfg_ = 0, mcountinhibit_ = 0;
  SettableCounter mcycle_, minstret_;
};

}  // namespace h2
