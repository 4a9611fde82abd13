// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace h2 {

/// One line of a transaction file (TRANSACTIONS.md).
struct Transaction {
  enum class Kind { write, read, load, verify, dump, wait, wait_irq, reset };
  Kind kind = Kind::reset;
  std::uint64_t address = 0, bytes = 0;
  std::vector<std::uint8_t> data, mask;  ///< write: data; read: what is expected, where
  std::filesystem::path file;            ///< holds the data instead; of dump: to be written
  std::uint64_t offset = 0;              ///< of the data in the file
  std::uint64_t time_ps = 0;             ///< wait, wait_irq
  bool refused = false;                  ///< the access must be answered with an error
  std::string response;                  ///< this one (response_name.h); "": any
  std::uint64_t line = 0;                ///< counted from 1

  /// Bytes `begin` to `begin + count` of the data. Throws InputError if the file has become
  /// shorter.
  std::vector<std::uint8_t> part(std::uint64_t begin, std::uint64_t count) const;
};

/// Reads a transaction file line by line.
class TransactionReader {
 public:
  /// Throws InputError if the file cannot be opened.
  explicit TransactionReader(const std::filesystem::path& path);
  /// False at the end of the file. Throws InputError with file, line, word and what is legal; also
  /// if a file to be read does not hold what the line asks for.
  bool next(Transaction& transaction);

 private:
  std::filesystem::path path_;
  std::ifstream in_;
  std::uint64_t line_ = 0;
};

}  // namespace h2
