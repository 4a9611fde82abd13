// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/mesh_routes.h"

#include <cstdlib>
#include <set>

namespace h2 {

const char* name_of(MeshPort port) {
  static const char* const names[] = {"local", "north", "east", "south", "west"};
  return names[port];
}

int MeshRoutes::neighbour(int router, int port) const {
  const int x = router % columns_, y = router / columns_;
  switch (port) {
    case kNorthPort:
      return y > 0 ? router - columns_ : -1;
    case kEastPort:
      return x + 1 < columns_ ? router + 1 : -1;
    case kSouthPort:
      return y + 1 < rows_ ? router + columns_ : -1;
    case kWestPort:
      return x > 0 ? router - 1 : -1;
    default:
      return -1;
  }
}

int MeshRoutes::port_to(int router, int node) const {
  const int target = router_of(node);
  const int x = router % columns_, y = router / columns_;
  const int to_x = target % columns_, to_y = target / columns_;
  if (to_x != x) return to_x > x ? kEastPort : kWestPort;
  if (to_y != y) return to_y > y ? kSouthPort : kNorthPort;
  return is_gateway(node) ? kWestPort : kLocalPort;
}

NodeSet MeshRoutes::through(int router, int port, const NodeSet& to) const {
  NodeSet found;
  for (int node = 0; node < nodes(); ++node) {
    if (to.test(node) && port_to(router, node) == port) found.set(node);
  }
  return found;
}

int MeshRoutes::hops(int from, int to) const {
  const int a = router_of(from), b = router_of(to);
  return std::abs(a % columns_ - b % columns_) + std::abs(a / columns_ - b / columns_);
}

std::vector<int> MeshRoutes::route(int from, const NodeSet& to) const {
  std::set<int> links;
  for (int node = 0; node < nodes(); ++node) {
    if (!to.test(node)) continue;
    for (int router = router_of(from);;) {
      const int port = port_to(router, node);
      links.insert(link(router, port));
      const int next = router == router_of(node) ? -1 : neighbour(router, port);
      if (next < 0) break;
      router = next;
    }
  }
  return {links.begin(), links.end()};
}

std::uint64_t packets_of(std::uint64_t bytes, int payload) {
  return ceil_div(bytes, static_cast<std::uint64_t>(payload));
}

std::uint64_t flits_of(std::uint64_t bytes, int payload, int flit_bytes) {
  const auto width = static_cast<std::uint64_t>(flit_bytes);
  const std::uint64_t whole = bytes / payload, rest = bytes % payload;
  const std::uint64_t flits = whole * (1 + ceil_div(static_cast<std::uint64_t>(payload), width));
  return rest == 0 ? flits : flits + 1 + ceil_div(rest, width);
}

std::uint64_t idle_latency(const NocSpec& noc, int hops, std::uint64_t flits) {
  return static_cast<std::uint64_t>(hops) * noc.hop_cycles + flits;
}

}  // namespace h2
