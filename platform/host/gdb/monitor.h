// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "platform/host/riscv/riscv_host.h"
#include "platform/platform.h"

namespace h2 {

/// What `monitor` commands of a debugger show of the platform, read by debug transport: nothing in
/// it changes and no time passes.
class Monitor {
 public:
  Monitor(Platform& platform, RiscvHost& host) : platform_(platform), host_(host) {}

  /// The answer to a command, lines with their ends; an unknown one gets the list of commands.
  std::string operator()(const std::string& command);

 private:
  std::string registers();
  std::string statistics() const;
  std::string map() const;
  std::string descriptors();
  std::string completions();
  std::string memory(const std::string& arguments);
  bool read(std::uint64_t address, std::uint8_t* data, std::uint32_t bytes);
  std::string trace(bool on);
  std::uint32_t card_register(std::uint32_t offset);

  Platform& platform_;
  RiscvHost& host_;
};

}  // namespace h2
