// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "modules/base/ceil_div.h"

namespace h2 {

/// Cores and gateways a mesh may have.
constexpr int kMostCores = 128;
constexpr int kMostNodes = 2 * kMostCores;

/// The network on chip. Nothing of it is published: all values are assumed.
struct NocSpec {
  int flit_bits = 128;          ///< width of a link
  int hop_cycles = 3;           ///< head of a packet from one router to the next
  int packet_bytes = 64;        ///< payload of a packet between cores, at most
  int dma_packet_bytes = 1024;  ///< payload of a packet from or to memory, at most
  int buffer_packets = 4;       ///< that an input of a router holds
  int sync_cycles = 2;          ///< of the receiving clock, from one clock domain to another
  double clock_mhz = 0;         ///< of routers and links; 0: the clock of the board
  bool multicast = true;        ///< one packet for several cores, copied where their ways part

  int flit_bytes() const { return flit_bits / 8; }
};

/// The multi-core trainer: cores with three engines each on a mesh.
struct MulticoreSpec {
  int count = 20, columns = 5;
  int lanes = 1024;                          ///< multiply-accumulates per cycle of an engine
  std::vector<double> clocks_mhz{0};         ///< of each core, or of all; 0: the clock of the board
  std::uint64_t buffer_bytes = 8 << 20;      ///< of an engine
  std::uint64_t mailbox_bytes = 8 << 20;     ///< of a core, one for spikes and one for grad-u
  std::vector<std::string> mapping{"auto"};  ///< "auto", "balanced", or one text per piece
  NocSpec noc;

  int rows() const { return ceil_div(count, columns); }
};

}  // namespace h2
