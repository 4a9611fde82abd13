// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <systemc>

#include "platform/host/riscv/h2_soc.h"
#include "platform/host/riscv/soc_device.h"

namespace h2 {

/// Platform-level interrupt controller for one hart in machine mode, with level gateways: a source
/// becomes pending while its line is up, unless it is being served.
class SocPlic : public SocDevice {
 public:
  explicit SocPlic(sc_core::sc_module_name name) : SocDevice(name) {}
  void reset() override;

  /// Lines that are up now, by source. To be set before the first access.
  std::function<std::uint32_t()> lines;
  /// The line to the processor.
  bool interrupt();

 private:
  void advance() override;
  bool read(std::uint32_t offset, std::uint32_t& value) override;
  void was_read(std::uint32_t offset) override;
  bool write(std::uint32_t offset, std::uint32_t value) override;

  /// The pending and enabled source of the highest priority above `threshold`, among equals the
  /// lowest number; 0: none.
  std::uint32_t first(std::uint32_t threshold) const;

  bool used_ = false;  ///< firmware has written to a register
  std::array<std::uint32_t, H2_SOC_PLIC_SOURCES> priorities_{};
  std::uint32_t pending_ = 0, served_ = 0, enabled_ = 0, threshold_ = 0;
};

}  // namespace h2
