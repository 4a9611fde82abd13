// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "modules/multicore/multicore_spec.h"

// Where packets go on a mesh: X first, then Y; from router to router and, at the west edge, to the
// gateway of the row.

namespace h2 {

/// Ports of a router, in the order in which they take turns at the same time.
enum MeshPort { kLocalPort, kNorthPort, kEastPort, kSouthPort, kWestPort, kMeshPorts };
const char* name_of(MeshPort port);

/// Cores, and behind them one gateway per row.
using NodeSet = std::bitset<kMostNodes>;

class MeshRoutes {
 public:
  explicit MeshRoutes(const MulticoreSpec& spec) : columns_(spec.columns), rows_(spec.rows()) {}

  int routers() const { return columns_ * rows_; }
  int columns() const { return columns_; }
  int rows() const { return rows_; }
  int links() const { return routers() * kMeshPorts; }
  int nodes() const { return routers() + rows_; }
  int gateway(int row) const { return routers() + row; }
  bool is_gateway(int node) const { return node >= routers(); }
  /// Router that a node hangs on.
  int router_of(int node) const { return is_gateway(node) ? (node - routers()) * columns_ : node; }
  /// Output `port` of `router`.
  static int link(int router, int port) { return router * kMeshPorts + port; }
  /// Router behind an output; -1: a core, a gateway or nothing.
  int neighbour(int router, int port) const;
  /// The output that a packet for `node` takes.
  int port_to(int router, int node) const;
  /// Of a packet for several nodes: those of `nodes` that go out by `port`.
  NodeSet through(int router, int port, const NodeSet& nodes) const;
  /// Links between routers from node to node.
  int hops(int from, int to) const;
  /// Every output that a packet passes on its way, each once, ascending.
  std::vector<int> route(int from, const NodeSet& to) const;

 private:
  int columns_, rows_;
};

/// Packets of `bytes` with at most `payload` each, and their flits: a head and the payload.
std::uint64_t packets_of(std::uint64_t bytes, int payload);
std::uint64_t flits_of(std::uint64_t bytes, int payload, int flit_bytes);

/// Cycles from the injection of a packet into an idle mesh until its last flit is out, in one clock
/// domain: hops * hop_cycles + flits.
std::uint64_t idle_latency(const NocSpec& noc, int hops, std::uint64_t flits);

}  // namespace h2
