// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/register_map.h"

#include "modules/contract/sata_contract.h"
#include "modules/h2learn/register_map.h"

namespace h2 {

std::vector<Register> sata_own_registers(const SataSpec& array) {
  std::vector<Register> own;
#define H2_SATA_REGISTER(reg, offset, access, reset, text) \
  own.push_back({#reg, offset, access, reset, text, {}, access == H2_RO, false});
  H2_SATA_REGISTERS(H2_SATA_REGISTER)
#undef H2_SATA_REGISTER
#define H2_SATA_FIELD(reg, field, low, bits, text)                                \
  for (Register & r : own) {                                                      \
    if (r.name == #reg) r.fields.push_back({#field, low, bits, text, {}, false}); \
  }
  H2_SATA_FIELDS(H2_SATA_FIELD)
#undef H2_SATA_FIELD
  for (Register& reg : own) {
    reg.reset = reg.offset == H2_SATA_REG_GATES ? gate_bits(array.gates)
                                                : H2_SATA_ARRAY(array.rows, array.cols);
  }
  return own;
}

RegisterMap sata_registers(const Machine& machine, const SataSpec& array,
                           std::uint64_t memory_bytes) {
  RegisterMap map = h2learn_registers(machine, memory_bytes, 1);
  for (RegisterInfo& reg : map) {
    if (reg.offset == H2_REG_CAPABILITIES) reg.reset |= sata_capabilities(array);
  }
  for (const Register& reg : sata_own_registers(array)) {
    map.push_back({reg.offset, reg.access, reg.reset, false});
  }
  return map;
}

std::uint32_t sata_capabilities(const SataSpec& array) {
  return H2_PUT(CAPABILITIES, SHIFT_DECAY, 1) | H2_PUT(CAPABILITIES, RELU, array.ann);
}

std::uint32_t gate_bits(const SataGates& gates) {
  return (gates.spikes ? H2_SATA_GATE_SPIKES : 0U) |
         (gates.gradients ? H2_SATA_GATE_GRADIENTS : 0U) |
         (gates.surrogate ? H2_SATA_GATE_SURROGATE : 0U);
}

SataGates gates_of(std::uint32_t bits) {
  return {(bits & H2_SATA_GATE_SPIKES) != 0, (bits & H2_SATA_GATE_GRADIENTS) != 0,
          (bits & H2_SATA_GATE_SURROGATE) != 0};
}

}  // namespace h2
