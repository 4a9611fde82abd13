// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/engines.h"

#include "modules/h2learn/peak.h"

namespace h2 {

std::vector<EngineInfo> h2learn_engines(const Machine& machine, bool unified) {
  const BackwardSpec& b = machine.backward;
  std::vector<EngineInfo> engines{{"forward",
                                   "Forward Engine",
                                   static_cast<double>(spike_operations(machine.forward)),
                                   {"mem0"},
                                   "Mem0 and Mem1 (by turns)"},
                                  {"backward",
                                   "Backward Engine",
                                   static_cast<double>(b.rows) * b.cols * b.group,
                                   {"mem0"},
                                   "Mem0 and Mem1 (by turns)"},
                                  {"weight_update",
                                   "Weight Update Engine",
                                   static_cast<double>(spike_operations(machine.weight_update)),
                                   {"mem0", "mem2"},
                                   "Mem2 and one of Mem0 and Mem1"}};
  if (unified) {
    for (EngineInfo& engine : engines) {
      engine.memories = {"mem"};
      engine.memories_text = "the memory";
    }
  }
  return engines;
}

}  // namespace h2
