// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "platform/host/riscv/soc_devices.h"
#include "platform/host/riscv/soc_ram.h"
#include "platform/host/riscv/soc_uart.h"

namespace h2 {

/// The host-target interface of RISC-V's simulators, for stock programs: they store what they want
/// into a double word of RAM, `tohost`, and find the answer in `fromhost`. Served are the end of
/// the program, the console, and the system calls write and exit.
class Htif {
 public:
  Htif(std::uint32_t tohost, std::optional<std::uint32_t> fromhost, SocRam& ram, SocUart& uart,
       SocFinisher& finisher)
      : tohost_(tohost), fromhost_(fromhost), ram_(ram), uart_(uart), finisher_(finisher) {}

  /// tohost is looked at after fixed numbers of instructions, so that nothing depends on where the
  /// processor happens to stop; 1 or more.
  std::uint64_t instructions_until_look(std::uint64_t instructions) const;
  /// To be called after `instructions`; `asleep`: no more follow by themselves.
  void look(std::uint64_t instructions, bool asleep);

 private:
  void serve(std::uint64_t request);
  void call(std::uint32_t arguments);
  void answer(std::uint64_t request, std::uint64_t value);
  std::uint64_t load(std::uint32_t address) const;
  void store(std::uint32_t address, std::uint64_t value);

  const std::uint32_t tohost_;
  const std::optional<std::uint32_t> fromhost_;
  SocRam& ram_;
  SocUart& uart_;
  SocFinisher& finisher_;
  std::uint64_t next_look_ = 0;
  bool seen_ = false;   ///< a request, at the last look
  bool reads_ = false;  ///< the program waits for a byte of the console
};

}  // namespace h2
