#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "platform/host/riscv/riscv_host.h"

namespace h2 {

/// Answers packets about the state of the stopped processor: registers, memory, break- and
/// watchpoints, queries. Memory is what debug transport reaches: RAM and every device register,
/// without side effects.
class GdbTarget {
 public:
  /// Answers a `monitor` command with text.
  using Monitor = std::function<std::string(const std::string& command)>;

  GdbTarget(RiscvHost& host, Monitor monitor) : host_(host), monitor_(std::move(monitor)) {}

  /// "" for a packet that is not supported.
  std::string answer(const std::string& packet);

 private:
  std::string query(const std::string& packet);
  std::string description(const std::string& packet) const;
  std::uint32_t get(std::uint32_t number);
  bool set(std::uint32_t number, std::uint32_t value);
  std::string read_registers();
  std::string write_registers(const std::string& packet);
  std::string read_memory(const std::string& packet);
  std::string write_memory(const std::string& packet);
  bool access(tlm::tlm_command command, std::uint32_t address, std::uint8_t* data,
              std::uint32_t bytes);
  std::string change_point(const std::string& packet);

  RiscvHost& host_;
  const Monitor monitor_;
};

}  // namespace h2
