// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace h2 {

/// `text` for a terminal: control characters, which names and values of others may hold, as \n, \t
/// or \xNN. UTF-8 stays as it is; bytes that are none become \xNN.
std::string printable(const std::string& text);

}  // namespace h2
