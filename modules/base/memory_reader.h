// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace h2 {

/// Reads `bytes` bytes of the card's memories at a bus address into `data`, without simulated time;
/// false where there is no memory.
using MemoryReader = std::function<bool(std::uint64_t address, void* data, std::uint64_t bytes)>;

}  // namespace h2
