// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "platform/host/host_cpu.h"
#include "platform/host/player/transaction.h"

namespace h2 {

/// The host's program that executes a transaction file (TRANSACTIONS.md).
class TransactionPlayer {
 public:
  struct Stats {
    std::uint64_t transactions = 0, checks = 0, failures = 0;
  };

  /// Reads the whole file once; throws InputError that names file and line, also for a file without
  /// transactions. `keep_going`: does not end with the first failed transaction. `allow_outside`:
  /// dumps may go to other folders than that of the file and those in it.
  TransactionPlayer(const std::filesystem::path& path, bool keep_going, bool allow_outside = false);

  /// Called with the text of a failed transaction, which begins with file and line.
  std::function<void(const std::string&)> on_failure;
  /// What the card waits for, for the message about an interrupt that did not come; may be null.
  std::function<std::string()> describe;
  /// Asked before every transaction: true ends the run with an error.
  std::function<bool()> stop = [] { return false; };

  void operator()(HostCpu& host);
  const Stats& stats() const { return stats_; }

 private:
  void play(HostCpu& host, const Transaction& t);
  void access(HostCpu& host, const Transaction& t);
  void wait_irq(HostCpu& host, const Transaction& t);
  void load(HostCpu& host, const Transaction& t);
  void verify(HostCpu& host, const Transaction& t);
  void dump(HostCpu& host, const Transaction& t);
  void reset(HostCpu& host, const Transaction& t);
  /// False, and a failure, unless an access that was to be refused was, and no other.
  bool answered(HostCpu& host, const Transaction& t, tlm::tlm_response_status status);
  /// The same for a loader's access; `at` is where it failed.
  bool loaded(const Transaction& t, std::uint64_t at, bool ok);
  /// Compares memory from `address` on; false after a mismatch, which is reported.
  bool compare(HostCpu& host, const Transaction& t, std::uint64_t address,
               const std::vector<std::uint8_t>& got, const std::vector<std::uint8_t>& expected,
               const std::vector<std::uint8_t>& mask);
  void fail(const Transaction& t, const std::string& text);

  const std::filesystem::path path_;
  const bool keep_going_;
  Stats stats_;
};

}  // namespace h2
