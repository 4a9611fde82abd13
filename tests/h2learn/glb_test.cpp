// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "modules/base/error.h"
#include "modules/h2learn/glb_plan.h"

namespace h2 {
namespace {

constexpr std::uint64_t kKb = 1024;
// Layers of at least 64 and 256 channels and maps of four 8x8 tiles: every array dimension is full.
constexpr char kPublished[] = "64C3(Encoding)-512C3-512C3-AP2-10FC";

Network network(const std::string& layers, int size, int channels = 3, int steps = 10) {
  return parse_network(layers, {channels, size, size}, steps, PoolMode::after_soma);
}

std::uint64_t bytes(const GlbDemand& demand, const std::string& name) {
  for (const GlbItem& item : demand.items) {
    if (item.name == name) return item.bytes * item.halves;
  }
  ADD_FAILURE() << "no buffer named " << name;
  return 0;
}

TEST(Glb, DefaultMachineGivesThePublishedSums) {
  const GlbPlan plan = plan_glb({}, network(kPublished, 16), 4);
  EXPECT_EQ(plan.forward.total(), 503 * kKb);
  EXPECT_EQ(plan.weight_update.total(), 2682 * kKb);
  EXPECT_EQ(plan.backward.total(), 4838 * kKb);
  EXPECT_EQ(plan.forward.worst_layer, "conv2");
  EXPECT_EQ(plan.weight_update.worst_layer, "conv3");
  EXPECT_EQ(plan.backward.worst_layer, "conv2");
  EXPECT_EQ(plan.weight_update_channels, (std::vector<int>{3, 64, 512, 32768}));
  EXPECT_EQ(plan.forward_tiles, (std::vector<int>{2, 2, 2, 1}));
}

TEST(Glb, ItemsAreThoseOfTheDesign) {
  const GlbPlan plan = plan_glb({}, network(kPublished, 16), 4);
  EXPECT_EQ(bytes(plan.forward, "input spikes"), 125 * kKb);
  EXPECT_EQ(bytes(plan.forward, "partial sums and u"), 320 * kKb);
  EXPECT_EQ(bytes(plan.forward, "spikes"), 20 * kKb);
  EXPECT_EQ(bytes(plan.forward, "mask"), 20 * kKb);
  EXPECT_EQ(bytes(plan.forward, "weights"), 18 * kKb);
  EXPECT_EQ(bytes(plan.weight_update, "grad-u"), 1280 * kKb);
  EXPECT_EQ(bytes(plan.weight_update, "input spikes"), 250 * kKb);
  EXPECT_EQ(bytes(plan.weight_update, "grad-w"), 1152 * kKb);
  EXPECT_EQ(bytes(plan.backward, "grad-u above"), 250 * kKb);
  EXPECT_EQ(bytes(plan.backward, "grad-u above mask"), 10 * kKb);
  EXPECT_EQ(bytes(plan.backward, "u"), 640 * kKb);
  EXPECT_EQ(bytes(plan.backward, "grad-s and grad-u"), 2 * 640 * kKb);
  EXPECT_EQ(bytes(plan.backward, "partial sums"), 4 * 640 * kKb);
  EXPECT_EQ(bytes(plan.backward, "spikes and mask"), 2 * 40 * kKb);
  EXPECT_EQ(bytes(plan.backward, "weights"), 18 * kKb);
}

TEST(Glb, NetworksOfThePaperFit) {
  const struct {
    const char* layers;
    int channels, size;
  } networks[] = {
      {"128C3-128C3-AP2-384C3-384C3-AP2-512FC-512FC-10FC", 2, 32},
      {"128C3-128C3-AP2-384C3-384C3-AP2-512FC-512FC-10FC", 2, 42},
      {"64C3(Encoding)-128C3-AP2-256C3-256C3-AP2-512C3-512C3-512FC-512FC-10FC", 1, 28},
      {"64C3(Encoding)-128C3-AP2-256C3-256C3-AP2-512C3-512C3-512FC-512FC-10FC", 3, 32},
      {"64C3S2(Encoding)-128C3S2-256C3S2-256C3S2-384C3-256C3-256C3S2-4096FC-4096FC-1000FC", 3, 224},
  };
  for (const auto& item : networks) {
    const Machine machine;
    const GlbPlan plan = plan_glb(machine, network(item.layers, item.size, item.channels), 4);
    EXPECT_LE(plan.forward.total(), machine.glb.forward);
    EXPECT_LE(plan.weight_update.total(), machine.glb.weight_update);
    EXPECT_LE(plan.backward.total(), machine.glb.backward);
  }
}

TEST(Glb, StridedLayersKeepOneTileInFlightAndFewerChannels) {
  // The 17x17 input of an 8x8 tile at stride 2: 64 channels of 40 maps take 92,480 bytes.
  const GlbPlan plan = plan_glb({}, network("64C3-128C3S2-10FC", 32), 4);
  EXPECT_EQ(plan.forward_tiles[1], 1);
  Machine machine;
  const GlbPlan wide = plan_glb(machine, network("512C3-512C3S2-10FC", 32), 4);
  const std::uint64_t per_channel = 2 * (17 * 17 * 40 / 8 + 128 * 9 * 2);
  const std::uint64_t channels = (machine.glb.weight_update - 1280 * kKb) / per_channel;
  EXPECT_EQ(wide.weight_update_channels[1], static_cast<int>(channels / 64 * 64));
}

TEST(Glb, SmallLayersNeedWhatTheyHold) {
  const GlbPlan plan = plan_glb({}, network("8C3-4C3-2FC", 6, 2, 3), 2);
  EXPECT_EQ(plan.forward_tiles, (std::vector<int>{1, 1, 1}));
  EXPECT_EQ(plan.weight_update_channels, (std::vector<int>{2, 8, 144}));
  EXPECT_EQ(plan.backward.worst_layer, "conv2");
  EXPECT_EQ(bytes(plan.backward, "grad-u above"), 2U * 4 * 8 * 8 * 6 * 2);
  EXPECT_EQ(bytes(plan.backward, "weights"), 4U * 8 * 9 * 2);
  EXPECT_EQ(bytes(plan.backward, "spikes and mask"), 2U * 2 * (8 * 36 * 6 / 8));
}

TEST(Glb, FullyConnectedLayersKeepTheirVectors) {
  const GlbPlan plan = plan_glb({}, network("512FC-10FC", 28, 1), 4);
  EXPECT_EQ(bytes(plan.forward, "input spikes"), 784U * 40 / 8);
  EXPECT_EQ(bytes(plan.forward, "weights"), 2U * 576 * 16 * 2);
  EXPECT_EQ(plan.weight_update_channels, (std::vector<int>{784, 512}));
  EXPECT_EQ(plan.fc_order[1], FcOrder::stream);
  EXPECT_EQ(bytes(plan.backward, "weights"), 2U * 10 * 512 * 2);
  EXPECT_EQ(bytes(plan.backward, "grad-u above"), 10U * 40 * 2);
  EXPECT_EQ(bytes(plan.backward, "partial sums"), 512U * 40 * 2);
  Machine machine;
  machine.glb.backward = 400 * kKb;
  EXPECT_EQ(plan_glb(machine, network("4096FC-4096FC", 28, 1), 4).fc_order[1], FcOrder::resident);
  machine.glb.backward = 100 * kKb;
  EXPECT_EQ(plan_glb(machine, network("4096FC-4096FC", 28, 1), 4).fc_order[1], FcOrder::text);
}

/// Room for loads and room for results are the capacity, and hold the sums of the design.
TEST(Glb, RoomIsDividedBetweenOperandsAndResults) {
  const Machine machine;
  const GlbPlan plan = plan_glb(machine, network(kPublished, 16), 4);
  EXPECT_EQ(plan.forward_room[1].results, 360 * kKb);
  EXPECT_EQ(plan.forward_room[1].operands, 143 * kKb);
  EXPECT_EQ(plan.weight_update_room[2].results, 1152 * kKb);
  EXPECT_EQ(plan.backward_room[1].results, (4 + 2) * 640 * kKb);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(plan.backward_room[i].operands + plan.backward_room[i].results, machine.glb.backward);
  }
}

TEST(Glb, OneLayerHasNoBackwardJob) {
  const GlbPlan plan = plan_glb({}, network("10FC", 28, 1), 4);
  EXPECT_EQ(plan.backward.total(), 0U);
  EXPECT_TRUE(plan.backward.worst_layer.empty());
}

TEST(Glb, CapacityIsEnforcedToTheByte) {
  Machine machine;
  const Network published = network(kPublished, 16);
  machine.glb.backward = 4838 * kKb;
  EXPECT_NO_THROW(plan_glb(machine, published, 4));
  machine.glb.backward -= 1;
  try {
    plan_glb(machine, published, 4);
    FAIL() << "one byte too few was accepted";
  } catch (const InputError& error) {
    const std::string text = error.what();
    for (const char* part : {"glb.backward.bytes", "conv2", "4954112", "4954111"}) {
      EXPECT_NE(text.find(part), std::string::npos) << part << " in: " << text;
    }
  }
}

TEST(Glb, LargerTilesOrSubBatchesAreRefusedWhereTheyDoNotFit) {
  const Network published = network(kPublished, 16);
  Machine machine;
  EXPECT_THROW(plan_glb(machine, published, 16), InputError);
  machine.tile = {16, 16};
  EXPECT_THROW(plan_glb(machine, published, 4), InputError);
}

}  // namespace
}  // namespace h2
