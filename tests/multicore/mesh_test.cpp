// SPDX-License-Identifier: Apache-2.0
// The mesh alone: latencies of an idle one, arbitration, multicast, clock domains, and random
// packets at saturation.

#include "modules/multicore/machine/mesh.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "modules/base/rng.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

constexpr int kFlits = 5;  // of 64 bytes

MulticoreSpec grid(int rows, int columns) {
  MulticoreSpec spec;
  spec.count = rows * columns;
  spec.columns = columns;
  return spec;
}

/// A mesh whose nodes note what arrives.
struct Field {
  explicit Field(const MulticoreSpec& spec) : spec(spec), mesh("mesh", spec, period(), trace) {
    for (int node = 0; node < mesh.routes().nodes(); ++node) {
      endpoint(node).received = [this, node](const Packet& packet) {
        EXPECT_TRUE(packet.to.test(node));
        EXPECT_EQ(packet.to.count(), 1U);
        arrivals.push_back({packet.from, node, cycle()});
      };
    }
  }
  static sc_core::sc_time period() { return {1250, sc_core::SC_PS}; }
  static std::uint64_t cycle() { return sc_core::sc_time_stamp().value() / period().value(); }
  MeshEndpoint& endpoint(int node) {
    const MeshRoutes& r = mesh.routes();
    return r.is_gateway(node) ? mesh.gateway(node - r.routers()) : mesh.core(node);
  }
  void send(int from, const std::vector<int>& to, PacketKind kind = PacketKind::spikes) {
    NodeSet nodes;
    for (const int node : to) nodes.set(node);
    endpoint(from).send({nodes, kind, kFlits, nullptr});
  }
  struct Arrival {
    int from, to;
    std::uint64_t cycle;
  };
  const MulticoreSpec spec;
  Trace trace;
  Mesh mesh;
  std::vector<Arrival> arrivals;
};

TEST(Mesh, IdlePacketsTakeThreeCyclesAHopAndFiveFlits) {
  const FreshContext context;
  const int to[] = {1, 3, 7}, cycles[] = {8, 14, 26};
  Field field(grid(1, 8));
  for (int i = 0; i < 3; ++i) {
    field.send(0, {to[i]});
    sc_core::sc_start(100 * Field::period());
    ASSERT_EQ(field.arrivals.size(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(field.arrivals[i].cycle, 100U * i + cycles[i]);
    EXPECT_EQ(idle_latency(field.spec.noc, to[i], kFlits), static_cast<std::uint64_t>(cycles[i]));
  }
  EXPECT_EQ(field.mesh.packets(), 0U);
}

TEST(Mesh, ASecondPacketOnTheSameLinkWaitsForAllFlits) {
  const FreshContext context;
  Field field(grid(2, 2));
  field.send(0, {1});  // both want the link from router 0 to router 1
  field.send(2, {1});
  field.send(field.mesh.routes().gateway(0), {1});
  sc_core::sc_start(200 * Field::period());
  ASSERT_EQ(field.arrivals.size(), 3U);
  EXPECT_EQ(field.arrivals[0].from, 0);  // at the same time the lower port
  EXPECT_EQ(field.arrivals[0].cycle, 8U);
  EXPECT_EQ(field.arrivals[1].from, 2);  // X first: over router 3, head at router 1 in cycle 6
  EXPECT_EQ(field.arrivals[1].cycle, 13U);
  EXPECT_EQ(field.arrivals[2].from, field.mesh.routes().gateway(0));  // head there in cycle 8
  EXPECT_EQ(field.arrivals[2].cycle, 18U);
  EXPECT_EQ(field.mesh.router(0).output(kEastPort).waited, 5 * Field::period());
}

TEST(Mesh, MulticastTakesEveryLinkOnce) {
  const FreshContext context;
  Field field(grid(3, 4));
  field.send(4, {3, 7, 11, 5, 4});
  sc_core::sc_start(200 * Field::period());
  std::set<int> reached;
  for (const auto& a : field.arrivals) {
    reached.insert(a.to);
    const int hops = field.mesh.routes().hops(4, a.to);
    EXPECT_EQ(a.cycle, idle_latency(field.spec.noc, hops, kFlits)) << a.to;
  }
  EXPECT_EQ(reached, (std::set<int>{3, 4, 5, 7, 11}));
  EXPECT_EQ(field.arrivals.size(), 5U);
  const auto links = field.mesh.routes().route(4, NodeSet().set(3).set(7).set(11).set(5).set(4));
  for (int r = 0; r < field.mesh.routes().routers(); ++r) {
    for (int p = 0; p < kMeshPorts; ++p) {
      const bool used = std::count(links.begin(), links.end(), MeshRoutes::link(r, p)) != 0;
      EXPECT_EQ(field.mesh.flits(r, p)[0], used ? 5U : 0U) << r << " " << p;
    }
  }
  EXPECT_EQ(field.mesh.packets(), 0U);
}

TEST(Mesh, AClockDomainOfItsOwnCostsSynchroniserCycles) {
  const FreshContext context;
  MulticoreSpec spec = grid(1, 2);
  spec.noc.clock_mhz = 1600;  // half the period of the cores
  Field field(spec);
  field.send(0, {1});
  sc_core::sc_start(100 * Field::period());
  // Two cycles of the mesh into it, eight through it, at the next edge two of the core out of it.
  EXPECT_EQ(field.arrivals.at(0).cycle, (2U + 8U) / 2 + 2U);
  EXPECT_EQ(field.mesh.latencies().latency_cycles, 8U);
}

TEST(Mesh, CoresMayHaveClocksOfTheirOwn) {
  const FreshContext context;
  MulticoreSpec spec = grid(1, 2);
  spec.clocks_mhz = {800, 400};
  Field field(spec);
  field.send(0, {1});
  sc_core::sc_start(100 * Field::period());
  // Core 0 has the clock of the mesh; 8 cycles are 4 of core 1, then two synchroniser cycles.
  EXPECT_EQ(field.arrivals.at(0).cycle, 8U + 2U * 2U);
  field.send(1, {0});
  sc_core::sc_start(100 * Field::period());
  EXPECT_EQ(field.arrivals.at(1).cycle, 100U + 2U + 8U);
}

/// Every node sends as fast as its link takes it, to nodes drawn at random, some to several.
TEST(Mesh, RandomPacketsAtSaturationAllArrive) {
  const FreshContext context;
  const char* asked = std::getenv("H2_MESH_PACKETS");
  const std::uint64_t packets = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 20000;
  MulticoreSpec spec = grid(4, 5);
  spec.noc.buffer_packets = 1;
  Field field(spec);
  const int nodes = field.mesh.routes().nodes();
  CounterRng rng(7, RandomStream::spikes, 0);
  std::uint64_t sent = 0, copies = 0;
  const auto refill = [&](int node) {
    for (int i = 0; i < 4 && sent < packets; ++i, ++sent) {
      NodeSet to;
      const int targets = rng.below(8) == 0 ? 3 : 1;
      while (to.count() < static_cast<std::size_t>(targets)) to.set(rng.below(nodes));
      copies += to.count();
      field.endpoint(node).send(
          {to, PacketKind::memory, 1 + static_cast<int>(rng.below(8)), nullptr});
    }
  };
  for (int node = 0; node < nodes; ++node) {
    field.endpoint(node).sent_all = [&, node] { refill(node); };
    refill(node);
  }
  std::uint64_t received = 0;
  for (int node = 0; node < nodes; ++node) {
    field.endpoint(node).received = [&, node](const Packet& packet) {
      EXPECT_EQ(packet.target, node);
      ++received;
    };
  }
  sc_core::sc_start();  // until nothing happens any more
  EXPECT_EQ(sent, packets);
  EXPECT_EQ(received, copies);
  EXPECT_EQ(field.mesh.packets(), 0U);
  for (int r = 0; r < field.mesh.routes().routers(); ++r) {
    EXPECT_EQ(field.mesh.router(r).packets(), 0U);
  }
}

}  // namespace
}  // namespace h2
