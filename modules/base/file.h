// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// What lies at `path` if it is neither a file nor missing: "a folder", "a pipe", "a device",
/// "a socket"; otherwise "".
std::string special_file(const std::string& path);
/// Throws InputError "PATH: is a pipe; legal: WANTED" for what is no plain file: reading it might
/// never end. Nothing about a file that is missing or may not be read.
void require_plain_file(const std::string& path, const std::string& wanted);

/// Largest content that read_bytes() takes, and what it takes of a compressed file: a few megabytes
/// of gzip data can stand for gigabytes.
constexpr std::uint64_t kMostFileBytes = std::uint64_t{16} << 30;
constexpr std::uint64_t kMostUnpackedBytes = std::uint64_t{1} << 30;

/// Whole content of a file; a name that ends in .gz is decompressed and its checksum verified.
/// Throws InputError when the file cannot be opened or read, is not a plain file, is not sound
/// gzip, or holds too much.
std::vector<std::uint8_t> read_bytes(const std::string& path);
/// Content of a text file of up to `most` bytes. Throws InputError, as above; `wanted` is what the
/// message calls legal.
std::string read_text(const std::string& path, const std::string& wanted,
                      std::uint64_t most = std::uint64_t{64} << 20);

/// The file `name` of a data set in `folder`, plain or with .gz; "" if there is neither.
std::string find_file(const std::string& folder, const std::string& name);
/// The same for a file that must be there. Throws InputError.
std::string require_file(const std::string& folder, const std::string& name);

}  // namespace h2
