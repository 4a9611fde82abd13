// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/register_map.h"

#include "modules/contract/multicore_contract.h"
#include "modules/h2learn/register_map.h"

namespace h2 {

std::vector<Register> multicore_own_registers(const MulticoreSpec& spec) {
  std::vector<Register> own;
#define H2_MULTICORE_REGISTER(reg, offset, access, reset, text) \
  own.push_back({#reg, offset, access, reset, text, {}, access == H2_RO, false});
  H2_MULTICORE_REGISTERS(H2_MULTICORE_REGISTER)
#undef H2_MULTICORE_REGISTER
  own[0].reset = H2_MULTICORE_MESH(spec.count, spec.columns);
  own[1].reset = static_cast<std::uint32_t>(spec.lanes);
  return own;
}

RegisterMap multicore_registers(const Machine& machine, const MulticoreSpec& spec,
                                std::uint64_t memory_bytes) {
  RegisterMap map = h2learn_registers(machine, memory_bytes);
  for (const Register& reg : multicore_own_registers(spec)) {
    map.push_back({reg.offset, reg.access, reg.reset, false});
  }
  return map;
}

}  // namespace h2
