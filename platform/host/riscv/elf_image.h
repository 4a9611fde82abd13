// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace h2 {

/// A firmware file: what is to be loaded where, and the names of its functions.
struct ElfImage {
  struct Segment {
    std::uint32_t address = 0;  ///< where it is loaded
    std::vector<std::uint8_t> bytes;
  };
  std::uint32_t entry = 0;
  std::vector<Segment> segments;
  std::map<std::uint32_t, std::string> functions;  ///< by first address
  /// Symbols of these names: what the program asks its host with, and is answered by.
  std::optional<std::uint32_t> tohost, fromhost;

  /// "function+0x12", or "" below the first function.
  std::string name_of(std::uint32_t address) const;
};

/// Reads a 32-bit RISC-V executable whose segments lie inside RAM. Throws InputError that names the
/// file and what is legal.
ElfImage read_elf(const std::string& path, std::uint32_t ram_base, std::uint32_t ram_bytes);

}  // namespace h2
