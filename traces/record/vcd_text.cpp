// SPDX-License-Identifier: Apache-2.0
#include "traces/record/vcd_text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace h2 {

std::string vcd_code(std::size_t index) {
  std::string code;
  do {
    code += static_cast<char>('!' + index % 94);
    index /= 94;
  } while (index > 0);
  return code;
}

std::string wire_text(std::uint64_t value, int width) {
  if (width == 1) return value != 0 ? "1" : "0";
  std::array<char, 65> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), value, 2).ptr;
  return "b" + std::string(digits.begin(), end) + " ";
}

std::string padded_text(std::uint64_t value, int width) {
  std::string digits(static_cast<std::size_t>(width), '0');
  for (auto d = digits.rbegin(); d != digits.rend(); ++d, value >>= 1)
    *d = (value & 1) != 0 ? '1' : '0';
  return "b" + digits + " ";
}

std::string unknown_text(int width) {
  return "b" + std::string(static_cast<std::size_t>(width), 'x') + " ";
}

std::string real_text(double value) {
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  return "r" + std::string(digits.begin(), end) + " ";
}

std::string word_text(std::string_view value) {
  std::string text(value.empty() ? "-" : value);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }, '_');
  return "s" + text + " ";
}

}  // namespace h2
