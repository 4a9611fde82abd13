// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "platform/host/gdb/target_memory.h"
#include "platform/host/riscv/riscv_host.h"

namespace h2 {

/// Answers packets about the state of the stopped processor: registers, memory, break- and
/// watchpoints, documents that describe it.
class GdbTarget {
 public:
  explicit GdbTarget(RiscvHost& host) : host_(host), memory_(host) {}

  /// "" for a packet that is not supported.
  std::string answer(const std::string& packet);

 private:
  std::string query(const std::string& packet);
  std::string read_register(const std::string& packet);
  std::string write_register(const std::string& packet);
  std::string read_registers();
  std::string write_registers(const std::string& packet);
  std::string change_point(const std::string& packet);

  RiscvHost& host_;
  GdbMemory memory_;
};

}  // namespace h2
