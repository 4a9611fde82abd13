// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <systemc>

#include "platform/host/host_cpu.h"
#include "platform/host/riscv/soc_device.h"
#include "platform/host/riscv/soc_ram.h"

namespace h2 {

/// Core-local interruptor: simulated time as mtime, its comparator, the software interrupt.
class SocTimer : public SocDevice {
 public:
  explicit SocTimer(sc_core::sc_module_name name);
  void reset() override;

  std::uint64_t ticks(sc_core::sc_time now) const { return (now - start_).value() / tick_.value(); }
  bool due(sc_core::sc_time now) const { return ticks(now) >= compare_; }
  /// When the comparator matches; sc_max_time() if that is beyond what can be simulated.
  sc_core::sc_time deadline() const;
  bool software_interrupt() const { return software_interrupt_; }

 private:
  bool read(std::uint32_t offset, std::uint32_t& value) override;
  bool write(std::uint32_t offset, std::uint32_t value) override;

  const sc_core::sc_time tick_;
  sc_core::sc_time start_;  ///< where mtime is 0: the last reset
  std::uint64_t compare_ = ~std::uint64_t{0};
  bool software_interrupt_ = false;
};

/// Moves blocks between RAM and the system bus, inside the store that starts it.
class SocDma : public SocDevice {
 public:
  SocDma(sc_core::sc_module_name name, SocRam& ram, HostCpu& host)
      : SocDevice(name), ram_(ram), host_(host) {}
  void reset() override;

 private:
  bool read(std::uint32_t offset, std::uint32_t& value) override;
  bool write(std::uint32_t offset, std::uint32_t value) override;
  bool transfer(tlm::tlm_command command);

  SocRam& ram_;
  HostCpu& host_;
  std::uint32_t card_low_ = 0, card_high_ = 0, address_ = 0, bytes_ = 0, status_ = 0;
};

/// Ends the simulation with an exit code, or asks for a reset.
class SocFinisher : public SocDevice {
 public:
  explicit SocFinisher(sc_core::sc_module_name name) : SocDevice(name, Width::any) {}
  void reset() override;

  /// Ends the simulation in the name of another device.
  void finish(int code);
  bool finished() const { return finished_; }
  int code() const { return code_; }
  bool wants_reset() const { return wants_reset_; }

 private:
  bool read(std::uint32_t offset, std::uint32_t& value) override;
  bool write(std::uint32_t offset, std::uint32_t value) override;

  bool finished_ = false, wants_reset_ = false;
  int code_ = 0;
};

}  // namespace h2
