// SPDX-License-Identifier: Apache-2.0
#include "modules/base/printable.h"

#include <algorithm>
#include <cstdio>

namespace h2 {
namespace {

constexpr unsigned kDelete = 0x7F;
constexpr unsigned kFirstC1 = 0x80, kLastC1 = 0x9F;  // control characters of Unicode
constexpr unsigned kShortest[] = {0, 0, 0x80, 0x800, 0x10000};

/// Bytes of the character at `at` and its number; no bytes if they are not UTF-8.
struct Character {
  std::size_t bytes = 0;
  unsigned number = 0;
};

Character character_at(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0x80) return {1, first};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + bytes > text.size()) return {};
  unsigned number = first & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) return {};
    number = number << 6 | (byte(at + i) & 0x3FU);
  }
  const bool surrogate = number >= 0xD800 && number <= 0xDFFF;
  return number < kShortest[bytes] || surrogate || number > 0x10FFFF ? Character{}
                                                                     : Character{bytes, number};
}

bool is_control(unsigned number) {
  return number < ' ' || number == kDelete || (number >= kFirstC1 && number <= kLastC1);
}

}  // namespace

std::string printable(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.bytes != 0 && !is_control(c.number)) {
      out.append(text, at, c.bytes);
    } else if (c.number == '\n') {
      out += "\\n";
    } else if (c.number == '\t') {
      out += "\\t";
    } else {
      for (std::size_t i = 0; i < std::max<std::size_t>(c.bytes, 1); ++i) {
        char code[8];
        std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned char>(text[at + i]));
        out += code;
      }
    }
    at += std::max<std::size_t>(c.bytes, 1);
  }
  return out;
}

}  // namespace h2
