// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <tlm>
#include <vector>

#include "modules/multicore/machine/mesh_endpoint.h"

namespace h2 {

/// Part of a message for mailboxes.
struct MailLoad : PacketLoad {
  std::uint32_t stream = 0;
  int sample = 0;
  std::uint64_t offset = 0;        ///< in the sample, as stored
  int stored_per_charged = 1;      ///< 2: FP32 values charged as FP16
  std::vector<std::uint8_t> data;  ///< as stored; empty in runs without data
};

/// A mailbox has room for one more sample of a stream.
struct CreditLoad : PacketLoad {
  std::uint32_t stream = 0;
};

/// A memory transaction under way between a core and a gateway.
struct MemoryLoad : PacketLoad {
  tlm::tlm_generic_payload* payload = nullptr;
  int port = 0;  ///< of the network interface
  int core = 0;
  std::uint64_t left = 0;  ///< bytes that are still to come, as charged
};

/// Cuts `bytes` into packets of at most `payload` each, with `order`'s receivers, and queues them;
/// without bytes one head alone.
void send_packets(MeshEndpoint& link, MeshEndpoint::Order order, std::uint64_t bytes, int payload,
                  int flit_bytes);

}  // namespace h2
