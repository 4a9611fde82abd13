// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <tlm>
#include <utility>

namespace h2 {

/// How transaction files and messages write a response of the bus.
inline constexpr std::array<std::pair<tlm::tlm_response_status, const char*>, 7> kResponseNames{{
    {tlm::TLM_OK_RESPONSE, "OK"},
    {tlm::TLM_INCOMPLETE_RESPONSE, "INCOMPLETE"},
    {tlm::TLM_GENERIC_ERROR_RESPONSE, "GENERIC_ERROR"},
    {tlm::TLM_ADDRESS_ERROR_RESPONSE, "ADDRESS_ERROR"},
    {tlm::TLM_COMMAND_ERROR_RESPONSE, "COMMAND_ERROR"},
    {tlm::TLM_BURST_ERROR_RESPONSE, "BURST_ERROR"},
    {tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE, "BYTE_ENABLE_ERROR"},
}};

inline std::string response_name(tlm::tlm_response_status status) {
  for (const auto& [value, name] : kResponseNames) {
    if (value == status) return name;
  }
  return std::to_string(static_cast<int>(status));
}

}  // namespace h2
