// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Identifiers and values as a VCD file has them, with what separates a value from its identifier.

namespace h2 {

/// Identifier code: number in base 94, printable characters.
std::string vcd_code(std::size_t index);
std::string wire_text(std::uint64_t value, int width);
/// Of a fixed length, so that it can take the place of an unknown value.
std::string padded_text(std::uint64_t value, int width);
std::string unknown_text(int width);
std::string real_text(double value);
/// A word without spaces, "-" if it is empty.
std::string word_text(std::string_view value);

}  // namespace h2
