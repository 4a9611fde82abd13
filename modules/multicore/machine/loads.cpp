// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/machine/loads.h"

#include <algorithm>

#include "modules/base/ceil_div.h"

namespace h2 {

void send_packets(MeshEndpoint& link, MeshEndpoint::Order order, std::uint64_t bytes, int payload,
                  int flit_bytes) {
  if (bytes == 0) {
    order.flits = 1;
    link.send(order);
    return;
  }
  for (std::uint64_t at = 0; at < bytes; at += order.bytes) {
    order.offset = at;
    order.bytes = std::min<std::uint64_t>(payload, bytes - at);
    order.flits =
        1 + static_cast<int>(ceil_div(order.bytes, static_cast<std::uint64_t>(flit_bytes)));
    link.send(order);
  }
}

}  // namespace h2
