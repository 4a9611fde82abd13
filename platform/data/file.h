#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// Whole content of a file; a name that ends in .gz is decompressed and its checksum verified.
/// Throws InputError when the file cannot be opened or read, or is not sound gzip.
std::vector<std::uint8_t> read_bytes(const std::string& path);

}  // namespace h2
