// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace h2 {

/// Hexadecimal text as GDB's protocol writes it: lower case, fixed width.
std::string to_hex(std::uint8_t value);
std::string to_hex(std::uint32_t value);
std::string to_hex(const std::uint8_t* bytes, std::size_t count);
/// Nothing unless `text` is one to eight hexadecimal digits.
std::optional<std::uint32_t> parse_hex(const std::string& text);
/// Nothing unless `text` is whole bytes.
std::optional<std::vector<std::uint8_t>> parse_bytes(const std::string& text);

}  // namespace h2
