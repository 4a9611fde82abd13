// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/signals/signals.h"

namespace h2 {

const std::vector<SignalKind>& signal_kinds() {
  static const std::vector<SignalKind> kinds{
      {"fe_position", {"position", "field"}, "tile, y, x of the output"},
      {"fe_beat",
       {"tile", "beat", "field"},
       "c0, t0, cycle of the fill, cycle of the first look-up; cycles from the start of the tile"},
      {"fe_lut_address", {"position", "map", "beat", "leaf"}, "bit i: spike at the i-th tap"},
      {"fe_lut", {"channel", "beat", "leaf", "entry"}, "contents after the fill"},
      {"fe_lut_out", {"position", "map", "channel", "beat", "leaf"}, "what the address chooses"},
      {"fe_acc", {"position", "map", "channel", "beat"}, "result of the tree"},
      {"fe_psum", {"position", "map", "channel", "beat"}, "running sum"},
      {"be_position", {"position", "field"}, "tile, y, x of the map below"},
      {"be_pe",
       {"position", "map", "channel"},
       "PE of the group that takes the output; -1: closed by the mask"},
      {"be_start",
       {"position", "map", "channel", "row"},
       "first cycle of the output in its PE, from the start of the tile, map and block of rows; "
       "-1: closed"},
      {"be_valid_id", {"position", "map", "row", "conv ID"}, "1: costs the PE a cycle"},
      {"be_pe_sum", {"position", "map", "channel", "row"}, "acc of one PE"},
      {"be_acc", {"position", "map", "channel", "beat"}, "result of the tree"},
      {"be_psum", {"position", "map", "channel", "beat"}, "running sum"},
      {"wue_beat",
       {"beat", "field"},
       "sample, tile, first timestep, first position (FC: first sample, 0, first timestep, 0), "
       "cycle of the first look-up from the start of the block of output channels"},
      {"wue_lut", {"beat", "channel", "leaf", "entry"}, "sums of grad-u"},
      {"wue_lut_address", {"beat", "input channel*", "tap", "leaf"}, "bit i: spike"},
      {"wue_lut_out", {"beat", "channel", "input channel*", "tap", "leaf"}, ""},
      {"wue_acc", {"beat", "channel", "input channel*", "tap"}, "result of the tree"},
      {"wue_sum",
       {"beat", "channel", "input channel*", "tap"},
       "running sum, before planes are joined"},
  };
  return kinds;
}

}  // namespace h2
