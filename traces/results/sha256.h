// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace h2 {

/// SHA-256 in 64 hexadecimal digits. Throws RunError where OpenSSL has none.
std::string sha256_hex(std::string_view bytes);

}  // namespace h2
