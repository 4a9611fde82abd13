// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/host/host_cpu.h"
#include "platform/host/remote/h2_wire.h"

namespace h2 {

class Platform;
class WireSocket;

/// The host's program on behalf of another process: executes the accesses that a client sends
/// over a Unix socket (h2_wire.h), one client after another. The card keeps its state between them,
/// and simulated time stands still while a client thinks.
class RemoteServer {
 public:
  struct Stats {
    std::uint64_t clients = 0;
    std::uint64_t reads = 0, read_bytes = 0, writes = 0, write_bytes = 0;  ///< of the bus
    std::uint64_t waits = 0, loader_accesses = 0;
    std::uint64_t damaged = 0;  ///< requests that ended their connection
  };

  /// Listens at once; throws InputError. `once`: ends after the first client.
  RemoteServer(const std::string& socket_path, Platform& platform, bool once);
  ~RemoteServer();

  /// Returns after SIGINT or SIGTERM, or after the first client.
  void operator()(HostCpu& host);
  const Stats& stats() const { return stats_; }

 private:
  void serve_client(HostCpu& host);
  /// Reads a request with its data; false if the connection is to be closed.
  bool receive(h2_wire_request& request);
  std::uint16_t check(const h2_wire_request& request) const;
  /// Executes the request; `data_` is its data, then the reply's.
  h2_wire_reply execute(HostCpu& host, const h2_wire_request& request);
  int load(HostCpu& host, const h2_wire_request& request);
  bool wait_irq(HostCpu& host, std::uint64_t timeout_ns);
  bool wait_irq_while_it_moves(HostCpu& host);
  bool send(const h2_wire_reply& reply);

  Platform& platform_;
  const bool once_;
  std::unique_ptr<WireSocket> socket_;
  bool greeted_ = false;
  std::vector<std::uint8_t> data_;
  Stats stats_;
};

}  // namespace h2
