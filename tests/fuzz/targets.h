// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// One input format: takes bytes of any kind, and either refuses them with InputError or RunError,
/// or yields what passes its own checks. Anything else ends the process: a memory error, another
/// exception, a broken check.
struct FuzzTarget {
  const char* name;
  void (*run)(const std::uint8_t* data, std::size_t size);
};

// Those that have files of their own.
void fuzz_checkpoint(const std::uint8_t* data, std::size_t size);
void fuzz_packets(const std::uint8_t* data, std::size_t size);
void fuzz_wire(const std::uint8_t* data, std::size_t size);

/// One for each format.
const std::vector<FuzzTarget>& fuzz_targets();
/// Runs an input through the target of that name, which must exist. Returns why it was refused, ""
/// if it was not.
std::string fuzz_one(const std::string& target, const std::uint8_t* data, std::size_t size);

}  // namespace h2
