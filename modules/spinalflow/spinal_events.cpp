// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spinal_events.h"

namespace h2 {

const std::vector<EventKind>& spinal_events() {
  static const std::vector<EventKind> kinds{
      {"glb_read_bytes", "B", "rows of weights read from the filter buffer", "128 x row_reads"},
      {"glb_write_bytes", "B", "rows of weights written to the filter buffer",
       "128 x rows of all tiles"},
      {"spine_reads", "1", "spikes taken from the spine buffers",
       "sum over tiles, parts and positions: spikes of their lists"},
      {"merges", "1", "spikes that leave the 4-way merge", "as spine_reads"},
      {"row_reads", "1", "rows of weights read and added",
       "tiles x sum over positions: spikes x windows that contain them"},
      {"adds", "1", "weights added to potentials", "row_reads x channels of the tile"},
      {"tick_ends", "1", "ends of a tick of one potential: leak and comparison",
       "ticks x positions x channels"},
      {"sorted", "1", "spikes that leave the output sorter",
       "spikes, and those of tiles before the last once more"},
      {"spikes", "1", "spikes of the layer", "entries of its output lists"},
      {"list_bytes", "B", "lists loaded into the spine buffers",
       "5 x spikes, and 8 per list for its place"},
      {"weight_stall_cycles", "cycles", "the array waits for weights of a tile or part",
       "sum of the times with a row to come and the filter buffer not filled"},
      {"spine_stall_cycles", "cycles", "the array waits for lists from memory",
       "sum of the times in which min-find waits for a spine buffer"},
      {"merge_stall_cycles", "cycles", "the array waits for min-find, merge and row look-up",
       "sum of the other times without a row: filling the line of units"},
      {"sum_stall_cycles", "cycles", "the array adds or hands over sums of parts",
       "a cycle per tick read, and waits for their memory"},
      {"sorter_stall_cycles", "cycles", "the array waits for room behind its lanes",
       "sum of the times at the end of a tick without room"},
      {"drain_cycles", "cycles", "sorter and stores after the array's last row",
       "end of the job - end of the array's work"}};
  return kinds;
}

}  // namespace h2
