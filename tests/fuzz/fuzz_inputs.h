// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tests/platform/card.h"

namespace h2 {

using Random = std::mt19937;
inline std::uint32_t below(Random& random, std::uint32_t limit) {
  return static_cast<std::uint32_t>(random() % limit);
}

/// A valid descriptor of the loaded network. `backward` is the tag of the last backward pass.
h2_descriptor valid_descriptor(const h2_device& device, Random& random, std::uint8_t opcode,
                               std::uint32_t backward);

/// Changes one to three fields or bits. Address fields also get plausible wrong addresses.
void mutate(h2_descriptor& descriptor, const h2_device& device, Random& random);

/// The table as it lies in memory.
std::vector<std::uint8_t> table_bytes(const h2_table& table, const h2_layer* layers,
                                      std::uint32_t records);
/// Changes one to three fields or bits of the network table; `checksum` puts the checksum right.
std::vector<std::uint8_t> mutated_table(const h2_device& device, Random& random, bool checksum);

/// What the contract says of a descriptor for the untouched table, written apart from the card: the
/// first code that applies is not asked for, only whether it may be executed.
bool may_execute(const h2_descriptor& descriptor, const h2_device& device, const Network& network,
                 const std::vector<std::uint32_t>& backward_tags);

}  // namespace h2
