// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spinal_machine.h"

#include "modules/contract/spinalflow_contract.h"

namespace h2 {

std::vector<EngineInfo> spinal_engines(const SpinalMachine& machine) {
  return {
      {"spinalflow", "SpinalFlow unit", static_cast<double>(machine.unit.lanes), {"mem0"}, "Mem0"}};
}

RegisterMap spinal_registers(std::uint64_t memory_bytes) {
  RegisterMap map{
#define H2_REGISTER_INFO(reg, offset, access, reset, text) {offset, access, reset, false},
      H2_REGISTERS(H2_REGISTER_INFO)
#undef H2_REGISTER_INFO
  };
  for (RegisterInfo& reg : map) {
    if (reg.offset == H2_REG_ID) {
      reg.reset = SF_ID;
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
