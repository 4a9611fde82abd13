// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/register_map.h"

#include "modules/contract/h2_contract.h"

namespace h2 {

RegisterMap h2learn_registers(const Machine& machine, std::uint64_t memory_bytes,
                              std::uint32_t memories) {
  const std::uint32_t value_bytes = bytes_of(machine.numerics);
  RegisterMap map{
#define H2_REGISTER_INFO(reg, offset, access, reset, text) \
  {offset, access, reset, (offset) == H2_REG_LAST_STEP},
      H2_REGISTERS(H2_REGISTER_INFO)
#undef H2_REGISTER_INFO
  };
  for (RegisterInfo& reg : map) {
    if (reg.offset == H2_REG_CAPABILITIES) {
      reg.reset = H2_PUT(CAPABILITIES, VALUE_BYTES, value_bytes) |
                  H2_PUT(CAPABILITIES, WINDOWS, H2_WINDOWS) |
                  H2_PUT(CAPABILITIES, MEMORIES, memories) |
                  H2_PUT(CAPABILITIES, RING_MAX, H2_RING_MAX);
    } else if (reg.offset == H2_REG_TILE) {
      reg.reset =
          H2_PUT(TILE, HEIGHT, machine.tile.height) | H2_PUT(TILE, WIDTH, machine.tile.width);
    } else if (reg.offset == H2_REG_MEMORY_SIZE) {
      reg.reset = static_cast<std::uint32_t>(memory_bytes >> 20);
    }
  }
  return map;
}

}  // namespace h2
