// SPDX-License-Identifier: Apache-2.0
// Layers on cores, and what follows from that without a simulation: the worked numbers of the
// CIFAR10 network, identities on random networks, and every error of a list.

#include "modules/multicore/mapper.h"

#include <gtest/gtest.h>

#include <numeric>

#include "modules/base/error.h"
#include "modules/multicore/traffic.h"
#include "tests/arithmetic/random_case.h"

namespace h2 {
namespace {

Network cifar10() {
  return parse_network("64C3(Encoding)-128C3-AP2-256C3-256C3-AP2-512C3-512C3-512FC-512FC-10FC",
                       {3, 32, 32}, 10, PoolMode::after_soma);
}

MulticoreSpec mesh(int count, int columns, std::vector<std::string> mapping = {"auto"}) {
  MulticoreSpec spec;
  spec.count = count;
  spec.columns = columns;
  spec.mapping = std::move(mapping);
  return spec;
}

std::string refusal(const MulticoreSpec& spec, const Network& network) {
  try {
    map_layers(spec, network);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Mapper, TwentyCoresOfTheCifar10Network) {
  const MulticoreSpec spec = mesh(20, 5);
  const Network network = cifar10();
  const Mapping mapping = map_layers(spec, network);
  const std::vector<std::size_t> cores{1, 3, 3, 4, 2, 4, 1, 1, 1};
  ASSERT_EQ(mapping.layers.size(), cores.size());
  for (std::size_t l = 0; l < cores.size(); ++l) EXPECT_EQ(mapping.layers[l].size(), cores[l]);
  EXPECT_EQ(mapping.round_count(), 1);
  const MappingLoad load = load_of(spec, mapping, network);
  EXPECT_EQ(load.forward.slowest, 368640U);
  EXPECT_NEAR(load.forward.balance, .725, .0005);
  EXPECT_EQ(load.backward.slowest, 737280U);  // conv1: all of conv2's products, on one core
  const TrafficBytes bytes = arriving(streams_of(mapping, network));
  EXPECT_EQ(bytes.spikes, 1271040U);
  EXPECT_EQ(bytes.gradients, 14469320U);
}

/// Cores follow the longest pass: 552,960 cycles of conv4 in the forward pass bound it.
TEST(Mapper, BalancedWeighsAllPasses) {
  const Network network = cifar10();
  const Mapping mapping = map_layers(mesh(20, 5, {"balanced"}), network);
  const std::vector<std::size_t> cores{2, 2, 4, 3, 3, 3, 1, 1, 1};
  for (std::size_t l = 0; l < cores.size(); ++l) EXPECT_EQ(mapping.layers[l].size(), cores[l]);
  const MappingLoad load = load_of(mesh(20, 5), mapping, network);
  EXPECT_EQ(load.forward.slowest, 552960U);
  EXPECT_EQ(load.backward.slowest, 506880U);
  EXPECT_NEAR(load.backward.balance, .526, .0005);
}

/// Every product of a grad-u and a weight is made once, on whatever cores; Grad of the last layer.
TEST(Mapper, BackwardCyclesAddUpToTheDenseProducts) {
  const Network network = cifar10();
  MulticoreSpec spec = mesh(20, 5);
  spec.lanes = 1;
  for (const char* word : {"auto", "balanced"}) {
    spec.mapping = {word};
    const MappingLoad load = load_of(spec, map_layers(spec, network), network);
    std::uint64_t products = 10;
    for (std::size_t l = 1; l < network.layers.size(); ++l) products += network.layers[l].macs();
    EXPECT_EQ(
        std::accumulate(load.backward.cycles.begin(), load.backward.cycles.end(), std::uint64_t{0}),
        products * 10);
  }
}

TEST(Mapper, FewCoresTakeEveryLayerTogetherInRounds) {
  for (const int count : {1, 4}) {
    const Mapping mapping = map_layers(mesh(count, count == 1 ? 1 : 2), cifar10());
    EXPECT_EQ(mapping.round_count(), 9);
    EXPECT_EQ(mapping.layers[3].size(), static_cast<std::size_t>(count));
    EXPECT_EQ(mapping.layers[8].size(), 1U);
    EXPECT_TRUE(streams_of(mapping, cifar10()).empty());
  }
}

TEST(Mapper, SlicesCoverEveryChannelOnce) {
  for (int n = 0; n < 100; ++n) {
    Draw draw(n);
    std::string text;
    const int layers = draw.integer(1, 8);
    for (int l = 0; l < layers; ++l) {
      text += (l == 0 ? "" : "-") + std::to_string(draw.integer(1, 300)) + "FC";
    }
    const Network network = parse_network(text, {7, 1, 1}, 3, PoolMode::after_soma);
    const int columns = draw.integer(1, 6);
    const MulticoreSpec spec = mesh(columns * draw.integer(1, 4), columns);
    const Mapping mapping = map_layers(spec, network);
    std::uint64_t macs = 0;
    for (const auto& slices : mapping.layers) {
      int next = 0;
      for (const CoreSlice& s : slices) {
        EXPECT_EQ(s.begin, next);
        EXPECT_GT(s.channels(), 0);
        EXPECT_LT(s.core, spec.count);
        next = s.end;
        macs += network.layers[s.layer].macs() / network.layers[s.layer].cout * s.channels();
      }
      EXPECT_EQ(next, network.layers[slices[0].layer].cout);
    }
    std::uint64_t dense = 0;
    for (const Layer& l : network.layers) dense += l.macs();
    EXPECT_EQ(macs, dense);
  }
}

TEST(Mapper, AListSaysWhatGoesWhere) {
  const Network network = parse_network("40FC-64FC-10FC", {9, 1, 1}, 2, PoolMode::after_soma);
  const Mapping mapping =
      map_layers(mesh(6, 3, {"fc1 0,2", "fc2[16-63] 1", "fc2[0-15] 5", "fc3 0"}), network);
  ASSERT_EQ(mapping.layers[0].size(), 2U);
  EXPECT_EQ(mapping.layers[0][0].end, 32);
  EXPECT_EQ(mapping.layers[0][1].core, 2);
  EXPECT_EQ(mapping.layers[1][0].core, 5);
  EXPECT_EQ(mapping.layers[1][1].begin, 16);
  EXPECT_EQ(mapping.rounds, (std::vector<int>{0, 0, 1}));
  EXPECT_TRUE(mapping.joined(0));
  EXPECT_FALSE(mapping.joined(1));
  EXPECT_FALSE(mapping.joined(2));
}

TEST(Mapper, ErrorsNameTheItemAndWhatIsLegal) {
  const Network network = parse_network("40FC-64FC", {9, 1, 1}, 2, PoolMode::after_soma);
  const auto says = [&](std::vector<std::string> list, const std::string& words) {
    const std::string said = refusal(mesh(4, 2, std::move(list)), network);
    EXPECT_NE(said.find(words), std::string::npos) << words << " is not in: " << said;
  };
  says({"fc1 0"}, "fc2 is a layer without core");
  says({"fc1 0", "fc2[0-31] 1", "fc2[16-63] 2"}, "slices of fc2 overlap in channel 16");
  says({"fc1 0", "fc2[0-31] 1"}, "channel 32 of fc2 is on no core");
  says({"fc1 0", "fc2[16-63] 1"}, "channel 0 of fc2 is on no core");
  says({"fc1 0", "fc2 1-4"}, "the mesh is too small for core 4; legal: 0 to 3");
  says({"fc1 0-3", "fc2 1"}, "legal: at most 3 cores");
  says({"fc1 0", "fc2[0-20] 1", "fc2[21-63] 2"}, "multiples of 16");
  says({"fc1 0", "fc2[0-31] 1", "fc2[32-63] 1"}, "two slices on core 1");
  says({"fc1 0", "fc2 1,1"}, "names core 1 twice");
  says({"fc1 0", "conv2 1"}, "legal: fc1, fc2");
  for (const char* text :
       {"fc1", "fc1 a", "fc1[3] 0", "fc1 3-1", "fc1[0-15] 0,1", "auto", "fc1 0,"}) {
    says({"fc2 1", text}, "is no piece of a mapping; legal: auto, balanced, or LAYER CORES");
  }
}

TEST(MeshRoutes, LatencyOfAnIdleMesh) {
  const NocSpec noc;
  const std::uint64_t flits = flits_of(64, noc.packet_bytes, noc.flit_bytes());
  EXPECT_EQ(flits, 5U);
  EXPECT_EQ(idle_latency(noc, 1, flits), 8U);
  EXPECT_EQ(idle_latency(noc, 3, flits), 14U);
  EXPECT_EQ(idle_latency(noc, 7, flits), 26U);
  EXPECT_EQ(flits_of(0, 64, 16), 0U);
  EXPECT_EQ(flits_of(65, 64, 16), 7U);
  EXPECT_EQ(packets_of(65, 64), 2U);
}

TEST(MeshRoutes, PassAsManyLinksAsTheHopsAndTheNodeItself) {
  const MeshRoutes mesh(h2::MulticoreSpec{});
  for (int from = 0; from < mesh.nodes(); ++from) {
    for (int to = 0; to < mesh.nodes(); ++to) {
      const auto links = mesh.route(from, NodeSet().set(to));
      EXPECT_EQ(links.size(), static_cast<std::size_t>(mesh.hops(from, to)) + 1);
      EXPECT_EQ(links.size(), std::set<int>(links.begin(), links.end()).size());
    }
  }
}

TEST(Traffic, MulticastIsAtMostTheSumOfItsWays) {
  MulticoreSpec spec = mesh(20, 5);
  const auto streams = streams_of(map_layers(spec, cifar10()), cifar10());
  const auto together = link_flits(spec, streams);
  spec.noc.multicast = false;
  const auto apart = link_flits(spec, streams);
  for (std::size_t link = 0; link < together.size(); ++link) EXPECT_LE(together[link], apart[link]);
  EXPECT_LT(std::accumulate(together.begin(), together.end(), std::uint64_t{0}),
            std::accumulate(apart.begin(), apart.end(), std::uint64_t{0}));
  // What leaves by the local ports is what arrives, 5 flits for 64 bytes.
  std::uint64_t local = 0;
  for (int core = 0; core < 20; ++core) local += apart[MeshRoutes::link(core, kLocalPort)];
  const TrafficBytes bytes = arriving(streams);
  EXPECT_GE(local, (bytes.spikes + bytes.gradients) / 64 * 5);
  EXPECT_LE(local, (bytes.spikes + bytes.gradients) / 64 * 5 + 5 * 20);
}

}  // namespace
}  // namespace h2
