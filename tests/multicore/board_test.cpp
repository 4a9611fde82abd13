// SPDX-License-Identifier: Apache-2.0
// The multi-core trainer on the board: weights bit for bit those of H2Learn for any number of cores
// and every way results take, and on every link as many flits as the mapper says.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "modules/multicore/accelerator.h"
#include "modules/multicore/core_plan.h"
#include "modules/multicore/traffic.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

using Weights = std::vector<std::vector<std::uint8_t>>;

Sets cores(int count, int columns, const Sets& sets = {}) {
  Sets all{{"accelerator", "multicore"},
           {"cores.count", std::to_string(count)},
           {"cores.columns", std::to_string(columns)}};
  all.insert(all.end(), sets.begin(), sets.end());
  return all;
}

/// Two groups of two sub-batches, so that gradients are added up and weights used again.
Config small(const Sets& sets) {
  Sets all{{"network.layers", "16C3(Encoding)-AP2-40C3-AP2-48FC-10FC"},
           {"training.sub_batch", "3"},
           {"training.batch_group", "6"},
           {"dataset.train_limit", "12"},
           {"dataset.test_limit", "3"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return tiny_config(all);
}

struct Trained {
  Weights weights;
  std::vector<FlitCounts> links;  ///< by MeshRoutes::link
  NetworkInterface::Stats mail;
  std::size_t packets = 0;
  std::uint64_t cycles = 0;
  RunRecord record;
};

const MulticoreAccelerator* mesh_of(const Platform& platform) {
  return dynamic_cast<const MulticoreAccelerator*>(&platform.accelerator);
}

Trained train_on(const Config& config) {
  Trained t;
  const TrainingRun run = train(config, {}, "", [&](Platform& platform) {
    const MulticoreAccelerator* card = mesh_of(platform);
    if (card == nullptr) return;
    platform.controller.command_ended.add([&t, card, &platform](const CardCommand&) {
      const MeshRoutes& routes = card->mesh().routes();
      t.links.clear();
      for (int r = 0; r < routes.routers(); ++r)
        for (int p = 0; p < kMeshPorts; ++p) t.links.push_back(card->mesh().flits(r, p));
      t.mail = {};
      for (int core = 0; core < routes.routers() && core < 20; ++core) {
        if (core >= static_cast<int>(platform.engines().size()) / kCoreEngines) break;
        const NetworkInterface::Stats& s = card->interface(core).stats();
        t.mail.mail_sent += s.mail_sent;
        t.mail.mail_received += s.mail_received;
        t.mail.credit_waits += s.credit_waits;
      }
      t.cycles = platform.cycle();
    });
  });
  t.weights = run.record.weights;
  t.record = run.record;
  return t;
}

/// Link flits of spikes or grad-u that the mapper foresees.
std::uint64_t foreseen(const Config& config, int link, bool gradients, std::uint64_t samples) {
  const CorePlan plan(config.multicore, config.network, config.training.sub_batch);
  std::vector<CoreStream> streams = streams_of(plan.mapping(), config.network);
  streams.erase(std::remove_if(streams.begin(), streams.end(),
                               [&](const CoreStream& s) { return s.gradients != gradients; }),
                streams.end());
  return link_flits(config.multicore, streams)[link] * samples;
}

TEST(MulticoreBoard, WeightsAreThoseOfH2LearnForAnyNumberOfCores) {
  for (const char* numerics : {"fp16", "fp32"}) {
    const Sets same{{"numerics", numerics}};
    const Weights h2learn = train_on(small(same)).weights;
    for (const auto& [count, columns] : {std::pair{1, 1}, {4, 2}, {20, 5}}) {
      EXPECT_EQ(train_on(small(cores(count, columns, same))).weights, h2learn)
          << numerics << ", " << count << " cores";
    }
  }
}

TEST(MulticoreBoard, OtherPathsKeepTheBits) {
  const Weights h2learn = train_on(small({})).weights;
  const auto expect_same = [&](const Sets& sets, const char* what) {
    EXPECT_EQ(train_on(small(cores(6, 3, sets))).weights, h2learn) << what;
  };
  expect_same({{"noc.multicast", "false"}}, "unicast");
  expect_same({{"cores.clocks_mhz", "[800, 400, 700, 900, 500, 800]"}}, "clocks of their own");
  expect_same({{"noc.clock_mhz", "1000"}}, "a mesh with its own clock");
  expect_same({{"cores.mapping", "[conv1 5, conv2 0-2, fc1 3, fc2 4]"}}, "a listed mapping");
  expect_same({{"cores.mapping", "[conv1 0, \"conv2[0-15] 1\", \"conv2[16-39] 0\", fc1 1, fc2 1]"}},
              "rounds");
  expect_same({{"memory.organisation", "unified"}}, "one memory");
}

/// With the smallest buffers that do.
TEST(MulticoreBoard, ChannelsTakeTurnsInSmallBuffers) {
  std::optional<Config> config;
  for (int bytes = 16384; !config && bytes < 1 << 20; bytes += 2048) {
    try {
      config = small(cores(4, 2, {{"cores.buffer.bytes", std::to_string(bytes)}}));
    } catch (const InputError&) {
    }
  }
  ASSERT_TRUE(config);
  const CorePlan plan(config->multicore, config->network, config->training.sub_batch);
  int forward = 0, backward = 0;
  for (const auto& slices : plan.mapping().layers) {
    for (const CoreSlice& s : slices) {
      forward += plan.forward(s).channels < s.channels() ? 1 : 0;
      backward += plan.backward(s).channels < s.channels() ? 1 : 0;
    }
  }
  EXPECT_GT(forward + backward, 0);
  EXPECT_EQ(train_on(*config).weights, train_on(small({})).weights);
}

/// With the smallest mailboxes that hold a message.
TEST(MulticoreBoard, FullMailboxesHoldSendersBack) {
  std::optional<Trained> smallest;
  for (int bytes = 16384; bytes >= 16; bytes /= 2) {
    try {
      smallest = train_on(small(cores(6, 3, {{"cores.mailbox.bytes", std::to_string(bytes)}})));
    } catch (const InputError&) {
      break;
    }
    EXPECT_EQ(smallest->weights, train_on(small({})).weights) << bytes;
    if (smallest->mail.credit_waits > 0) break;
  }
  ASSERT_TRUE(smallest);
  EXPECT_GT(smallest->mail.credit_waits, 0U);
}

TEST(MulticoreBoard, LinksCarryExactlyTheMappersFlits) {
  for (const char* multicast : {"true", "false"}) {
    const Config config = small(cores(20, 5, {{"noc.multicast", multicast}}));
    const Trained t = train_on(config);
    // The test at the end is an inference of its own: spikes only.
    const std::uint64_t trained = 12, tested = 3;
    ASSERT_EQ(t.links.size(), static_cast<std::size_t>(MeshRoutes(config.multicore).links()));
    std::uint64_t gradients = 0;
    for (std::size_t link = 0; link < t.links.size(); ++link) {
      const int at = static_cast<int>(link);
      EXPECT_EQ(t.links[link][static_cast<int>(PacketKind::spikes)],
                foreseen(config, at, false, trained + tested))
          << link;
      EXPECT_EQ(t.links[link][static_cast<int>(PacketKind::gradients)],
                foreseen(config, at, true, trained))
          << link;
      gradients += t.links[link][static_cast<int>(PacketKind::gradients)];
    }
    EXPECT_GT(gradients, 0U);
    EXPECT_EQ(t.mail.mail_sent, t.mail.mail_received);
  }
}

TEST(MulticoreBoard, EveryJobIsAccountedFor) {
  const Config config = small(cores(20, 5));
  std::map<std::pair<int, int>, std::uint64_t> macs;  // opcode, layer
  train(config, {}, "", [&](Platform& platform) {
    platform.controller.job_ended.add([&](const LayerRecord& r) {
      if (r.sub_batch == 0) macs[{r.opcode, r.job.layer_index}] += r.job.macs;
      EXPECT_EQ(r.job.cycles,
                r.job.compute_cycles + r.job.load_stall_cycles + r.job.store_stall_cycles);
    });
  });
  const std::uint64_t maps = 3U * config.network.timesteps;
  for (std::size_t l = 0; l < config.network.layers.size(); ++l) {
    const std::uint64_t dense = config.network.layers[l].macs() * maps;
    const int layer = static_cast<int>(l);
    EXPECT_EQ((macs[{H2_OP_FORWARD, layer}]), dense);
    EXPECT_EQ((macs[{H2_OP_WEIGHT_GRADIENT, layer}]), dense);
    if (l > 0) {
      EXPECT_EQ((macs[{H2_OP_BACKWARD, layer}]), dense);
    }
  }
}

TEST(MulticoreBoard, WhatDoesNotFitIsRefusedByName) {
  try {
    const Config config = small(cores(4, 2, {{"cores.buffer.bytes", "4096"}}));
    const CorePlan plan(config.multicore, config.network, config.training.sub_batch);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("cores.buffer.bytes: 4096, but "), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace h2
