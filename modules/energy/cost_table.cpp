// SPDX-License-Identifier: Apache-2.0
#include "modules/energy/cost_table.h"

namespace h2 {

const std::vector<std::string>& primitives() {
  static const std::vector<std::string> names{"fp16_add",
                                              "fp16_mul",
                                              "fp32_add",
                                              "fp32_mul",
                                              "int8_add",
                                              "int16_add",
                                              "register_bit",
                                              "lut_bit",
                                              "lut_byte",
                                              "logic",
                                              "sram_read_byte",
                                              "sram_write_byte",
                                              "sram_byte",
                                              "hbm2_activate",
                                              "hbm2_read_bit",
                                              "hbm2_write_bit",
                                              "ddr4_3200_activate",
                                              "ddr4_3200_read_bit",
                                              "ddr4_3200_write_bit",
                                              "lpddr4_2400_activate",
                                              "lpddr4_2400_read_bit",
                                              "lpddr4_2400_write_bit"};
  return names;
}

const char* name_of(Quantity quantity) {
  static const char* const names[] = {"energy", "clock", "area", "leakage"};
  return names[static_cast<int>(quantity)];
}

const char* unit_of(Quantity quantity) {
  static const char* const units[] = {"pJ", "pJ", "um2", "nW"};
  return units[static_cast<int>(quantity)];
}

}  // namespace h2
