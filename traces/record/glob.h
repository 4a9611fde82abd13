// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace h2 {

/// True if the glob pattern (* ? []) matches the dotted name, or one of the scopes around it: a
/// pattern that matches a scope takes all below.
bool matches_name(const std::string& pattern, const std::string& full_name);

}  // namespace h2
