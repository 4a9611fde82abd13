// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/spin_events.h"

namespace h2 {

const std::vector<EventKind>& spin_events() {
  static const std::vector<EventKind> kinds{
      {"glb_read_bytes", "B", "spikes and weights taken from the buffer", "as glb_write_bytes"},
      {"glb_write_bytes", "B", "spikes and weights loaded into the buffer",
       "sum over samples: T x ceil(N / 8); PROGRAM: tau x N x C"},
      {"row_reads", "1", "rows of weights read",
       "sum over the steps of samples: spikes 1 to tau steps ago"},
      {"bits_read", "1", "cells read for sums", "row_reads x C x weight bits"},
      {"adds", "1", "weights added to potentials", "row_reads x C"},
      {"neuron_steps", "1", "potentials compared with the generator", "steps x C"},
      {"draws", "1", "numbers of the generator", "steps x C"},
      {"spikes", "1", "spikes of neurons", "classes that fire, by step"},
      {"decisions", "1", "samples that a spike decided", "samples with a first spike"},
      {"steps", "1", "steps computed", "sum over samples: step of the end"},
      {"slices_written", "1", "rows of weights programmed", "PROGRAM: tau x N"},
      {"writes", "1", "attempts to write a row of weights",
       "slices_written, and those that did not verify once more"},
      {"bits_written", "1", "cells written",
       "all of a slice at the first attempt, then those that are wrong"},
      {"bits_verified", "1", "cells read to verify a write", "writes x C x weight bits"}};
  return kinds;
}

}  // namespace h2
