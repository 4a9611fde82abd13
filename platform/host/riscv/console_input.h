// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace h2 {

/// Bytes for the console of firmware from a file, a pipe or a terminal.
class ConsoleInput {
 public:
  /// "-" is standard input. Throws InputError if the file cannot be read.
  explicit ConsoleInput(const std::string& path);
  ~ConsoleInput();
  ConsoleInput(const ConsoleInput&) = delete;
  ConsoleInput& operator=(const ConsoleInput&) = delete;

  /// The next byte. Of a file or pipe it is waited for, so that a run does not depend on the speed
  /// of the program that writes; of a terminal it is what has been typed. Nothing: not yet, or
  /// ended().
  std::optional<std::uint8_t> next();
  /// There will be no more.
  bool ended() const { return ended_; }

 private:
  const int file_;
  const bool terminal_;
  bool ended_ = false;
  std::string buffer_;
  std::size_t taken_ = 0;  ///< bytes of the buffer
};

}  // namespace h2
