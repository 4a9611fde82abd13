// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tlm>

#include "platform/host/riscv/riscv_host.h"

namespace h2 {

/// What a debugger sees at the processor's addresses, by debug transport: no time passes and no
/// device notices.
class GdbMemory {
 public:
  explicit GdbMemory(RiscvHost& host) : host_(host) {}

  /// Packets m and M, with their answers.
  std::string read(const std::string& packet);
  std::string write(const std::string& packet);
  /// GDB's memory map: everything that answers.
  std::string map() const;
  /// The range around an address, or the gap, as LLDB asks for it: "start:...;size:...;".
  std::string region(std::uint32_t address) const;

 private:
  std::uint32_t read(std::uint32_t address, std::uint8_t* data, std::uint32_t bytes);

  RiscvHost& host_;
};

/// "first,second" and what follows `end`, as packets write ranges; hexadecimal.
struct PacketRange {
  std::uint32_t first = 0, second = 0;
  std::string rest;
};
std::optional<PacketRange> parse_range(const std::string& text, char end);

}  // namespace h2
