// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "platform/config/keys.h"

namespace h2 {

/// A key that has no effect because of the values of others, its choosers.
struct UnusedKey {
  const Key* key = nullptr;
  std::vector<std::string> choosers;
  std::string reason;  ///< the first chooser and its value
  std::string legal;   ///< values of the first chooser that use it, and keys that may be given
};

/// Keys that differ from their default although `config` does not use them, in table order.
std::vector<UnusedKey> unused_keys(const Config& config);

}  // namespace h2
