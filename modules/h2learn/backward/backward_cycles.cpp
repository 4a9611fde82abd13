// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/backward/backward_cycles.h"

#include "modules/base/ceil_div.h"

namespace h2 {

Cycles backward_fc_chunk(const BackwardSpec& array, int co0, int co1, int batch, int steps,
                         bool last) {
  const std::uint64_t vectors = static_cast<std::uint64_t>(steps) * batch;
  Cycles cycles;
  cycles.array = ceil_div(co1 - co0, array.rows) * ceil_div(vectors, array.group);
  if (last) cycles.drain = grad_drain(array, vectors, cycles.array);
  return cycles;
}

std::uint64_t grad_cycles(const BackwardSpec& array, std::uint64_t outputs) {
  return ceil_div(outputs, array.grad_lanes);
}

std::uint64_t grad_drain(const BackwardSpec& array, std::uint64_t outputs,
                         std::uint64_t array_cycles) {
  return exposed_cycles(grad_cycles(array, outputs), array_cycles);
}

}  // namespace h2
