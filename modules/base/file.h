// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// Whole content of a file; a name that ends in .gz is decompressed and its checksum verified.
/// Throws InputError when the file cannot be opened or read, or is not sound gzip.
std::vector<std::uint8_t> read_bytes(const std::string& path);

/// The file `name` of a data set in `folder`, plain or with .gz; "" if there is neither.
std::string find_file(const std::string& folder, const std::string& name);
/// The same for a file that must be there. Throws InputError.
std::string require_file(const std::string& folder, const std::string& name);

}  // namespace h2
