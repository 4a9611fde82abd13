// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace h2 {

/// One DRAM device family behind a MemN: channels of banks. Times in DRAM clocks unless named.
struct DramSpec {
  std::string preset = "hbm2";
  int channels = 4;
  int data_bits = 128;  ///< data bus of one channel
  double tck_ns = 1.0;
  int burst_length = 4;  ///< beats of one access; data_bits/8*burst_length bytes
  int bank_groups = 4;
  int banks_per_group = 4;
  int ranks = 1;
  std::uint64_t row_bytes = 2048;
  int cl = 14, cwl = 4, trcd = 14, trp = 14, tras = 34;
  int trrd_s = 4, trrd_l = 6, tfaw = 30, twtr_s = 6, twtr_l = 8, twr = 16, trtp = 5;
  int tccd_s = 2, tccd_l = 2, trfc = 260, trefi = 3900;
  int read_queue = 32, write_queue = 32;
  /// Most significant first.
  std::string address_map = "row-rank-bank-column-bankgroup-channel";
  bool bank_hash = false;  ///< the bits of the row are XORed to bank group and bank
};

/// `ideal`: no banks, a latency and a bandwidth.
struct IdealSpec {
  double latency_ns = 50.0;
  double bandwidth_gbps = 128.0;  ///< 1e9 B/s
};

enum class MemoryOrganisation { split, unified };

/// External memory: Mem0, Mem1, Mem2, or one space of the summed bandwidth (paper IV-C).
struct MemorySpec {
  MemoryOrganisation organisation = MemoryOrganisation::split;
  bool ideal = false;
  IdealSpec ideal_timing;
  DramSpec dram;
  std::uint64_t bytes = 4ULL << 30;  ///< capacity of each MemN
  bool compress_gradients = false;
  std::uint32_t burst_bytes = 16384;  ///< largest transaction an engine issues
  int outstanding = 8;                ///< transactions one port keeps in flight
};

/// The one memory that takes the place of Mem0..2: three times the channels and the capacity.
inline MemorySpec unified_memory(MemorySpec spec) {
  spec.dram.channels *= 3;
  spec.ideal_timing.bandwidth_gbps *= 3;
  spec.bytes *= 3;
  return spec;
}

}  // namespace h2
