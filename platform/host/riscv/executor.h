// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "platform/host/riscv/code_cache.h"
#include "platform/host/riscv/debug_points.h"
#include "platform/host/riscv/riscv_bus.h"
#include "platform/host/riscv/trap.h"

namespace h2 {

/// Executes instructions of RAM as fast as it can, until one of them needs more than registers and
/// memory: a SYSTEM opcode, a trap.
class Executor {
 public:
  enum class Leave {
    limit,       ///< enough instructions, or one that accessed a device or a watched address
    system,      ///< in front of a SYSTEM opcode or fence.i, which is instruction()
    trap,        ///< in front of an instruction that cannot be executed, which is trap()
    breakpoint,  ///< in front of an instruction
  };

  /// `ram` is used in place; whole pages of 4096 bytes.
  Executor(RiscvBus& bus, std::uint8_t* ram, std::uint32_t base, std::uint32_t bytes)
      : bus_(bus), ram_(ram), base_(base), bytes_(bytes), code_(ram, base, bytes) {}

  /// x0 is always 0; the last one takes what is written to it.
  std::array<std::uint32_t, kSink + 1> x{};
  std::uint32_t pc = 0;
  std::uint64_t count = 0;  ///< instructions executed
  DebugPoints points;

  /// Executes until `count` is `limit`, which is larger, or something happens. `first` does not
  /// stop at a breakpoint on the first instruction.
  Leave run(std::uint64_t limit, bool first) {
    watched_.reset();
    return points.any() ? loop<true>(limit, first) : loop<false>(limit, first);
  }
  const Trap& trap() const { return trap_; }
  const Instruction& instruction() const { return instruction_; }
  /// The watchpoint that the last instruction touched.
  const std::optional<DebugPoints::Watch>& watched() const { return watched_; }

  bool has_ram(std::uint32_t address) const { return address - base_ < bytes_; }
  /// sc fails until the next lr.
  void drop_reservation() { reserved_.reset(); }
  CodeCache& code() { return code_; }

 private:
  template <bool debugged>
  Leave loop(std::uint64_t limit, bool first);

  template <class T>
  bool in_ram(std::uint32_t address) const {
    return address - base_ <= bytes_ - sizeof(T);
  }
  template <class T>
  T load(std::uint32_t address) const {
    T value;
    std::memcpy(&value, ram_ + (address - base_), sizeof value);
    return value;
  }
  template <class T>
  void store(std::uint32_t address, T value) {
    std::memcpy(ram_ + (address - base_), &value, sizeof value);
  }
  bool outside(bool write, std::uint32_t address, void* data, unsigned bytes);
  bool atomic(std::uint32_t address, bool only_load);
  bool conditional(std::uint32_t address);
  bool watch(std::uint32_t address, unsigned bytes, bool write);

  RiscvBus& bus_;
  std::uint8_t* const ram_;
  const std::uint32_t base_, bytes_;
  CodeCache code_;
  std::optional<std::uint32_t> reserved_;  ///< address of the last lr
  Trap trap_;
  Instruction instruction_;
  std::optional<DebugPoints::Watch> watched_;
};

}  // namespace h2
