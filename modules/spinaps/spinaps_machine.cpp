// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/spinaps_machine.h"

#include "modules/base/ceil_div.h"
#include "modules/contract/spinaps_contract.h"

namespace h2 {

SpinLayout lay_out(const SpinApsMachine& machine, int weight_rows, int classes, int weight_bits) {
  SpinLayout layout;
  const std::int64_t slice = static_cast<std::int64_t>(classes) * weight_bits;
  layout.slices = static_cast<int>(machine.columns / slice);
  if (layout.slices == 0) {
    layout.refusal = "spinaps.columns: " + std::to_string(machine.columns) +
                     " cells are too few for a row of weights of " + std::to_string(classes) +
                     " classes of " + std::to_string(weight_bits) +
                     " bits; legal: " + std::to_string(slice) + " or more";
    return layout;
  }
  const std::int64_t held = static_cast<std::int64_t>(machine.rows) * layout.slices;
  layout.arrays = static_cast<int>(ceil_div(static_cast<std::int64_t>(weight_rows), held));
  if (machine.arrays != 0 && layout.arrays > machine.arrays) {
    layout.refusal = "spinaps.arrays: " + std::to_string(machine.arrays) + " of " +
                     std::to_string(machine.rows) + " x " + std::to_string(machine.columns) +
                     " cells are too few for " + std::to_string(weight_rows) +
                     " rows of weights, inputs x tau; legal: " + std::to_string(layout.arrays) +
                     " or more, or 0";
  }
  return layout;
}

std::vector<EngineInfo> spinaps_engines(const SpinApsMachine& machine, int classes) {
  const int rows = machine.parallel && machine.arrays > 0 ? machine.arrays : 1;
  return {{"spinaps", "SpinAPS core", static_cast<double>(classes) * rows, {"mem0"}, "Mem0"}};
}

RegisterMap spinaps_registers(std::uint64_t memory_bytes) {
  RegisterMap map{
#define H2_REGISTER_INFO(reg, offset, access, reset, text) {offset, access, reset, false},
      H2_REGISTERS(H2_REGISTER_INFO)
#undef H2_REGISTER_INFO
  };
  for (RegisterInfo& reg : map) {
    if (reg.offset == H2_REG_ID) {
      reg.reset = SA_ID;
    } else if (reg.offset == H2_REG_CAPABILITIES) {
      reg.reset = H2_PUT(CAPABILITIES, VALUE_BYTES, 1) | H2_PUT(CAPABILITIES, WINDOWS, H2_WINDOWS) |
                  H2_PUT(CAPABILITIES, RING_MAX, H2_RING_MAX);
    } else if (reg.offset == H2_REG_MEMORY_SIZE) {
      reg.reset = static_cast<std::uint32_t>(memory_bytes >> 20);
    }
  }
  return map;
}

}  // namespace h2
