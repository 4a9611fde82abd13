// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// What a network on chip has carried since the begin of the run.
struct NocRecord {
  /// An output of a router.
  struct Link {
    int router = 0;
    std::string port;  ///< "north", ..., "local": to the core
    std::uint64_t flits = 0;
    double utilisation = 0;  ///< share of the elapsed cycles of the mesh
  };
  int columns = 0, rows = 0;
  std::vector<std::string> cores;  ///< by router: what a core works on: "conv2 0-47"
  std::uint64_t packets = 0;       ///< as they arrived
  std::uint64_t flits = 0;         ///< as they arrived
  std::uint64_t flit_hops = 0;     ///< flits x links that they passed, ends included
  double mean_latency_cycles = 0, p99_latency_cycles = 0;  ///< of packets, cycles of the mesh
  std::vector<Link> links;                                 ///< those that carried something

  double highest_utilisation() const {
    double most = 0;
    for (const Link& link : links) most = link.utilisation > most ? link.utilisation : most;
    return most;
  }
};

}  // namespace h2
