// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

namespace h2 {

/// Records of one size in a plain file, read one by one: however large the file, one record is in
/// memory.
class RecordFile {
 public:
  /// The first record is at byte `begin`, the next ones `stride` apart. Throws InputError.
  RecordFile(const std::string& path, std::uint64_t begin, std::size_t size, std::size_t stride);
  /// Throws InputError that names file and record.
  void read(std::size_t index, std::uint8_t* record) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::uint64_t begin_;
  std::size_t size_, stride_;
  std::shared_ptr<std::ifstream> file_;
};

/// Bytes of a file. Throws InputError.
std::uint64_t size_of_file(const std::string& path);

/// Whether the name of a file says that it is compressed by gzip.
bool is_gzip(const std::string& path);

}  // namespace h2
