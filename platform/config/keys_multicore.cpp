// SPDX-License-Identifier: Apache-2.0
#include "platform/config/key_builders.h"

namespace h2 {
namespace {

constexpr Range kCoreBytes{1024, 1099511627776};

std::vector<Key> core_keys() {
  Key mapping = plain_key(
      "cores.mapping", KeyType::texts,
      "output channels on cores: auto (forward pass balanced), balanced (its longest pass), "
      "or one text per piece: conv2 1-3 (split evenly), conv2[0-63] 1",
      H2_AT(multicore.mapping));
  mapping.text_form = "auto, balanced, or LAYER CORES, or LAYER[FIRST-LAST] CORE";
  return {
      integer("cores.count", {1, kMostCores}, "cores of the mesh", H2_AT(multicore.count)),
      integer("cores.columns", {1, kMostCores}, "columns of the mesh", H2_AT(multicore.columns)),
      integer("cores.lanes", {1, 65536}, "multiply-accumulates per cycle of an engine of a core",
              H2_AT(multicore.lanes)),
      numbers("cores.clocks_mhz", {0, 100000},
              "clock of all cores, or of each, MHz; 0: that of the board, clock_mhz",
              H2_AT(multicore.clocks_mhz)),
      integer("cores.buffer.bytes", kCoreBytes, "buffer of an engine, bytes",
              H2_AT(multicore.buffer_bytes)),
      integer("cores.mailbox.bytes", kCoreBytes,
              "mailbox of a core for spikes, and another for grad-u, bytes",
              H2_AT(multicore.mailbox_bytes)),
      mapping,
  };
}

}  // namespace

std::vector<Key> multicore_keys() {
  std::vector<Key> keys = core_keys();
  const std::vector<Key> noc{
      integer("noc.flit_bits", {8, 4096, false, false, true}, "width of a link, bits",
              H2_AT(multicore.noc.flit_bits)),
      integer("noc.hop_cycles", {1, 1000}, "head of a packet from router to router, cycles",
              H2_AT(multicore.noc.hop_cycles)),
      integer("noc.packet_bytes", {8, 4096, false, false, true},
              "payload of a packet between cores at most, bytes",
              H2_AT(multicore.noc.packet_bytes)),
      integer("noc.dma_packet_bytes", {8, 65536, false, false, true},
              "payload of a packet from or to memory at most, bytes",
              H2_AT(multicore.noc.dma_packet_bytes)),
      integer("noc.buffer_packets", {1, 1024}, "packets that an input of a router holds",
              H2_AT(multicore.noc.buffer_packets)),
      integer("noc.sync_cycles", {0, 1000},
              "cycles of the receiving clock from one clock domain to another",
              H2_AT(multicore.noc.sync_cycles)),
      number("noc.clock_mhz", {0, 100000},
             "clock of routers and links, MHz; 0: that of the board, clock_mhz",
             H2_AT(multicore.noc.clock_mhz)),
      boolean("noc.multicast", "one packet for several cores, copied where their ways part",
              H2_AT(multicore.noc.multicast)),
  };
  keys.insert(keys.end(), noc.begin(), noc.end());
  return keys;
}

}  // namespace h2
