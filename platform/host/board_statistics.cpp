// SPDX-License-Identifier: Apache-2.0
#include "platform/host/board_statistics.h"

#include <string>

#include "platform/platform.h"
#include "traces/results/statistics/run_statistics.h"

namespace h2 {

StatGroup board_statistics(const RunInfo& info, const RunRecord& record, const Platform& platform) {
  StatGroup root;
  add_run(root, info, record);
  for (const auto& memory : platform.memories) {
    memory->declare(root.group("memory").group(memory->basename(), "memory"));
  }
  for (const auto& probe : platform.probes.all()) {
    const std::string& socket = probe->watched();
    const std::string without_board = socket.substr(socket.find('.') + 1);
    probe->declare(root.group("probe").group(without_board, "socket"));
  }
  platform.accelerator.declare(root);
  const CommandProcessor& card = platform.controller;
  StatGroup& host = root.group("host");
  host.add("interrupts", "1", "rising edges of the interrupt line", "counted at the card",
           [&card] { return static_cast<double>(card.interrupts()); });
  host.add("register_reads", "1", "reads of the card's registers", "counted at the card",
           [&card] { return static_cast<double>(card.registers.reads()); });
  host.add("register_writes", "1", "writes of the card's registers", "counted at the card",
           [&card] { return static_cast<double>(card.registers.writes()); });
  return root;
}

}  // namespace h2
