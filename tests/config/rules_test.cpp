// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "memory/dram/limits.h"
#include "memory/dram/memory_timing.h"
#include "platform/config/keys.h"
#include "tests/config/config_files.h"

namespace h2 {
namespace {

using ConfigRules = ConfigFiles;

TEST_F(ConfigRules, NamePlaceKeysAndValues) {
  EXPECT_EQ(error("neuron:\n  th_r: 0.25\n  th_l: 0.5\n"),
            "c.yaml:3:3: neuron.th_l: 0.5 contradicts neuron.th_r = 0.25; legal: th_l < th_r");
  EXPECT_EQ(error("neuron: {th_l: 0.5}\n", {{"neuron.th_r", "0.5"}}),
            "--set neuron.th_r=0.5: neuron.th_l: 0.5 contradicts neuron.th_r = 0.5; legal: "
            "th_l < th_r");
  EXPECT_EQ(error("trace: {probe: {enable: true, timeline: true}}\n"),
            "c.yaml:1:31: trace.probe.timeline: true contradicts trace.probe.enable = true, "
            "trace.timeline.enable = false; legal: false, or all three true");
  EXPECT_EQ(error("trace: {vcd: {from_us: 5, to_us: 5}}\n"),
            "c.yaml:1:27: trace.vcd.to_us: 5.0 contradicts trace.vcd.from_us = 5.0; legal: 0, or "
            "to_us > from_us");
}

TEST_F(ConfigRules, DramContradictions) {
  const auto broken = [&](std::vector<Override> sets, const char* legal) {
    for (Override& set : sets) set.path = "memory." + set.path;
    const std::string message = error("", sets);
    EXPECT_NE(message.find(std::string("; legal: ") + legal), std::string::npos)
        << legal << ": " << message;
  };
  broken({{"dram.tras", "18"}}, "tras >= trcd + trtp");
  broken({{"dram.trrd_s", "7"}}, "trrd_s <= trrd_l");
  broken({{"dram.twtr_s", "9"}}, "twtr_s <= twtr_l");
  broken({{"dram.tccd_s", "3"}}, "tccd_s <= tccd_l");
  broken({{"dram.burst_length", "8"}, {"dram.data_bits", "64"}}, "tccd_s >= burst_length / 2");
  broken({{"dram.burst_length", "8"}}, "data_bits * burst_length = 512");
  broken({{"dram.data_bits", "64"}}, "data_bits * burst_length = 512");
  broken({{"dram.ranks", "16"}}, "ranks * bank_groups * banks_per_group <= 64");
  broken({{"dram.tfaw", "3"}}, "tfaw >= trrd_s");
  broken({{"dram.trefi", "391"}}, "trefi >= trfc + trp + tras + cwl + twr + 64 = 392");
  broken({{"bytes", "1048576"}, {"dram.row_bytes", "65536"}}, "at least one row in every bank");
  for (const char* map : {"row-bank", "row-rank-bank-column-bankgroup-channel-",
                          "row-row-rank-bank-column-bankgroup", "x", "''"}) {
    broken({{"dram.address_map", map}}, "row, rank, bank, column, bankgroup, channel in any order");
  }
  for (const char* size : {"channels", "bank_groups", "banks_per_group", "ranks"}) {
    broken({{std::string("dram.") + size, "0"}}, "a power of two in 1..");
    broken({{std::string("dram.") + size, "3"}}, "a power of two in 1..");
  }
  EXPECT_EQ(error("", {{"memory.dram.tras", "19"}, {"memory.dram.trefi", "377"}}), "");
}

TEST_F(ConfigRules, DramLimitsAreThoseOfTheSimulator) {
  const auto text = [](double value) {
    return value < 1 && value > 0 ? nlohmann::json(value).dump()
                                  : std::to_string(static_cast<std::int64_t>(value));
  };
  for (const DramLimit& limit : dram_limits()) {
    const std::string path = std::string("memory.dram.") + limit.name;
    const double below = limit.min < 1 ? limit.min / 2 : limit.min - 1;
    for (const std::string& value : {text(below), text(limit.max * 2)}) {
      const std::string message = error("", {{path, value}});
      EXPECT_NE(message.find(path + ": " + value), std::string::npos) << message;
      EXPECT_NE(message.find(text(limit.min), message.find("; legal: ")), std::string::npos)
          << message;
      EXPECT_NE(message.find(text(limit.max), message.find("; legal: ")), std::string::npos)
          << message;
    }
    EXPECT_EQ(find_key(path)->range.min, limit.min);
    EXPECT_EQ(find_key(path)->range.max, limit.max);
  }
  EXPECT_EQ(error("", {{"memory.dram.read_queue", "4"}}),
            "--set memory.dram.read_queue=4: memory.dram.read_queue: 4 is out of range; legal: an "
            "integer in 8..4096");
}

/// What the check of a configuration lets pass can be built, and what it refuses has a key.
TEST_F(ConfigRules, NoMemoryIsRefusedLater) {
  std::mt19937_64 random(16);
  const auto below = [&](std::uint64_t end) { return random() % end; };
  const std::string presets[] = {"hbm2", "ddr4_3200", "lpddr4_2400"};
  const std::string maps[] = {"row-rank-bank-column-bankgroup-channel",
                              "channel-column-bankgroup-bank-rank-row"};
  int accepted = 0, refused = 0;
  while (accepted < 200 || refused < 200) {
    ASSERT_LT(accepted + refused, 20000);
    std::vector<Override> sets{{"memory.preset", presets[below(3)]},
                               {"memory.bytes", std::to_string(1ULL << (20 + below(17)))},
                               {"memory.dram.address_map", maps[below(2)]},
                               {"memory.dram.bank_hash", below(2) == 0 ? "true" : "false"}};
    const std::uint64_t changes = 1 + below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const DramLimit& limit = dram_limits()[below(dram_limits().size())];
      // Mostly of the order of real devices: a power of two, at times one more, or a limit.
      const auto near = static_cast<std::int64_t>((1ULL << below(8)) + (below(4) == 0));
      const std::int64_t ends[] = {static_cast<std::int64_t>(limit.min),
                                   static_cast<std::int64_t>(limit.max)};
      sets.push_back({std::string("memory.dram.") + limit.name,
                      std::to_string(below(4) == 0 ? ends[below(2)] : near)});
    }
    const std::string message = error("", sets);
    if (!message.empty()) {
      ++refused;
      EXPECT_NE(message.find(": memory."), std::string::npos) << message;
      continue;
    }
    ++accepted;
    const MemorySpec memory = load("", sets).memory;
    std::string all;
    for (const Override& set : sets) all += set.path + "=" + set.value + " ";
    EXPECT_NO_THROW(make_memory_timing(memory)) << all;
    EXPECT_NO_THROW(make_memory_timing(unified_memory(memory))) << all;
  }
}

TEST_F(ConfigRules, PlaceIsTheLastGivenKeyAndPresetsForgetTheirDetails) {
  write("base.yaml", "memory:\n  dram:\n    tras: 20\n");
  EXPECT_EQ(error("include: base.yaml\n", {{"memory.dram.trcd", "16"}}).substr(0, 39),
            "--set memory.dram.trcd=16: memory.dram.");
  EXPECT_EQ(error("include: base.yaml\nmemory: {preset: ddr4_3200}\n"), "");
}

TEST_F(ConfigRules, NetworkErrorsCarryTheirPlace) {
  EXPECT_EQ(error("network:\n  layers: 8C3-AP3\n"),
            "c.yaml:2:3: network.layers: item 2 'AP3' at character 5 is not a layer; legal: "
            "<n>C<k>[S<s>][(Encoding)], AP2, <n>FC[(Encoding)], joined by '-'");
}

TEST_F(ConfigRules, DensityListsFitTheNetwork) {
  EXPECT_EQ(error("network: {layers: 8C3-8C3-10FC}\nprofile: {mask_density: [0.1, 0.2]}\n"),
            "c.yaml:2:11: profile.mask_density: [0.1,0.2] contradicts network.layers = "
            "\"8C3-8C3-10FC\"; legal: one number, or one for each of the 3 layers");
  EXPECT_EQ(error("network: {layers: 8C3-10FC}\nprofile: {mask_density: [0.1, 0.2]}\n"), "");
  EXPECT_EQ(error("profile: {mask_density: [0.1, 0.2]}\n"), "") << "no network, nothing to fit";
}

TEST_F(ConfigRules, Training) {
  const auto untrainable = [&](const std::string& text) -> std::string {
    try {
      require_trainable(load(text));
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  };
  const auto network = [](const std::string& layers, const std::string& rest = "") {
    return "network: {layers: " + layers + rest + "}\n";
  };
  const std::string good = "4C3(Encoding)-10FC";
  EXPECT_EQ(untrainable(network(good)), "");
  EXPECT_EQ(untrainable(""), "network.layers: no network given; legal for training: a network");
  EXPECT_EQ(untrainable(network("4C3(Encoding)-8C3")),
            "network.layers: the last layer conv2 is a convolution; legal for training: an FC "
            "layer last");
  EXPECT_EQ(untrainable(network("4C3(Encoding)-11FC")),
            "network.layers: the last layer has 11 neurons; legal for dataset.kind digits: 10, "
            "one per class");
  EXPECT_EQ(untrainable(network("4C3-10FC")),
            "network.layers: the first layer lacks (Encoding); legal for dataset.kind digits: a "
            "first layer with it, it reads pixels");
  EXPECT_EQ(untrainable(network(good, ", input: {height: 32}")),
            "network.input: 1x32x28; legal for dataset.kind digits: 1x28x28 (channels, height, "
            "width)");
  EXPECT_EQ(untrainable(network(good) + "dataset: {kind: mnist}\n"),
            "dataset.path: none given; legal for dataset.kind mnist: the folder of the data");
  const std::string events = ", input: {channels: 2, height: 32, width: 32}";
  EXPECT_EQ(untrainable(network("4C3-10FC", events) + "dataset: {kind: nmnist, path: d}\n"), "");
  EXPECT_NE(untrainable(network(good, events) + "dataset: {kind: nmnist, path: d}\n"), "");
  EXPECT_EQ(untrainable(network("4C3(Encoding)-7FC") + "dataset: {kind: images, path: d}\n"), "");
  EXPECT_EQ(untrainable(network("4C3-7FC") + "dataset: {kind: npy, path: d}\n"), "");
}

}  // namespace
}  // namespace h2
