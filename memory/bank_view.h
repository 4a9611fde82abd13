// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "memory/dram/memory_timing.h"
#include "traces/record/trace.h"

namespace h2 {

/// The DRAM banks of a MemN in the waveform: in `<memory>.channel0.bank3` is the number of the open
/// row, or all ones, which GTKWave shows as "closed", from the clock of the activate or precharge
/// on. Only where a waveform of level `banks` selects a bank does it listen to the timing, command
/// by command.
class BankView {
 public:
  BankView(const std::string& memory, const MemorySpec& spec, Trace& trace);

  /// Once the waveform has started, before the first request.
  void start(MemoryTiming& timing);

 private:
  void show(int signal, std::int64_t row);

  Trace& trace_;
  std::vector<std::vector<int>> signals_;  // by channel and bank
};

}  // namespace h2
