// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/config/config.h"
#include "platform/driver/h2_driver.h"
#include "platform/host/host_cpu.h"

namespace h2 {

/// A card opened through the driver, with the configured network loaded.
class CardSession {
 public:
  /// `card`: of the board.
  explicit CardSession(const Config& config, std::uint32_t card = 0)
      : config_(config), card_(card) {}

  /// Call from the host's program.
  void open(HostCpu& host);
  /// Throws RunError with `what`, the driver's reason and the layer if `error` is not H2_OK.
  void check(int error, const std::string& what) const;

  h2_device device{};

 private:
  const Config& config_;
  const std::uint32_t card_;
  std::vector<std::uint64_t> scratch_;
};

}  // namespace h2
