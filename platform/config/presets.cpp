// SPDX-License-Identifier: Apache-2.0
#include "platform/config/presets.h"

namespace h2 {
namespace {

/// 25.6 GB/s per channel. Clocks of 0.625 ns from JESD79-4, 8 Gbit x8 parts, speed bin 22-22-22.
DramSpec ddr4_3200() {
  DramSpec d;
  d.preset = "ddr4_3200";
  d.channels = 4;
  d.data_bits = 64;
  d.tck_ns = 0.625;
  d.burst_length = 8;
  d.bank_groups = 4;
  d.banks_per_group = 4;
  d.row_bytes = 8192;
  d.cl = 22, d.cwl = 16, d.trcd = 22, d.trp = 22, d.tras = 52;
  d.trrd_s = 4, d.trrd_l = 8, d.tfaw = 34, d.twtr_s = 4, d.twtr_l = 12, d.twr = 24, d.trtp = 12;
  d.tccd_s = 4, d.tccd_l = 8, d.trfc = 560, d.trefi = 12480;
  return d;
}

/// 9.6 GB/s per channel of two x16 parts. Clocks of 1/1.2 ns from JESD209-4: latencies 24/12,
/// tRCD and tRPpb 18 ns, tRAS 42 ns, tRRD 10 ns, tFAW 40 ns, tRFCab 180 ns, tREFI 3.904 us.
DramSpec lpddr4_2400() {
  DramSpec d;
  d.preset = "lpddr4_2400";
  d.channels = 8;
  d.data_bits = 32;
  d.tck_ns = 1 / 1.2;
  d.burst_length = 16;
  d.bank_groups = 1;
  d.banks_per_group = 8;
  d.row_bytes = 4096;
  d.cl = 24, d.cwl = 12, d.trcd = 22, d.trp = 22, d.tras = 51;
  d.trrd_s = 12, d.trrd_l = 12, d.tfaw = 48;
  d.twtr_s = 12, d.twtr_l = 12, d.twr = 22, d.trtp = 9;
  d.tccd_s = 8, d.tccd_l = 8, d.trfc = 216, d.trefi = 4684;
  return d;
}

}  // namespace

void apply_memory_preset(MemorySpec& memory, const std::string& preset) {
  memory.ideal = preset == kIdealPreset;
  if (preset == "ddr4_3200") {
    memory.dram = ddr4_3200();
  } else if (preset == "lpddr4_2400") {
    memory.dram = lpddr4_2400();
  } else {
    memory.dram = DramSpec{};
  }
}

}  // namespace h2
