// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace h2 {

/// "unknown key", followed by the key that `name` below `section` was probably meant to be.
std::string describe_unknown_key(const std::string& section, const std::string& name);

}  // namespace h2
