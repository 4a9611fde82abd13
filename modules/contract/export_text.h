// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "modules/contract/h2_register_details.h"

namespace h2 {

/// 0x and at least `digits` hexadecimal digits.
inline std::string hex(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%0*llX", digits, static_cast<unsigned long long>(value));
  return text;
}

/// "2.0"
inline std::string contract_version() {
  return std::to_string(H2_VERSION >> 16) + "." + std::to_string(H2_VERSION & 0xFFFF);
}

}  // namespace h2
