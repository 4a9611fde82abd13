// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "platform/host/host_cpu.h"

namespace h2 {

/// Writes the accesses of a host's program as a transaction file (TRANSACTIONS.md) that repeats the
/// run to the picosecond, as they happen; data of more than a few bytes go to FILE.bin beside it.
class TransactionRecorder {
 public:
  /// Throws InputError if the files cannot be written or their name contains a space or #.
  explicit TransactionRecorder(const std::filesystem::path& path);
  /// Ends the files of a run that failed, too.
  ~TransactionRecorder();
  TransactionRecorder(const TransactionRecorder&) = delete;
  TransactionRecorder& operator=(const TransactionRecorder&) = delete;

  /// To be called with every access: HostCpu::on_access.
  void operator()(const HostAccess& access);
  /// Ends the files with the time that has passed since the last access; throws RunError if they
  /// could not be written.
  void close();

 private:
  void move(const HostAccess& access);
  /// Simulated time from the last access until `until`.
  void pass(const sc_core::sc_time& until);
  void finish();
  /// Keeps the reason of the first write that failed.
  void note_failure();

  const std::filesystem::path path_, data_path_;
  std::ofstream text_, data_;
  int error_ = 0;  ///< why a file could not be written first, as errno
  std::uint64_t data_bytes_ = 0;
  sc_core::sc_time end_;  ///< of the last access
};

}  // namespace h2
