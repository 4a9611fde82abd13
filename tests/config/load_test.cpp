// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tests/config/config_files.h"

namespace h2 {
namespace {

using LoadConfig = ConfigFiles;

void expect_same(const Config& a, const Config& b) {
  EXPECT_EQ(config_json(a), config_json(b));
  EXPECT_EQ(print_config(a), print_config(b));
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.has_network, b.has_network);
  EXPECT_EQ(a.network.layers.size(), b.network.layers.size());
}

TEST_F(LoadConfig, EmptyFileIsTheBareMachineWithAllDefaults) {
  const Config c = load("");
  Config defaults;
  EXPECT_EQ(config_json(c), config_json(defaults));
  EXPECT_EQ(c.name, "c");
  EXPECT_FALSE(c.has_network);
  EXPECT_TRUE(c.network.layers.empty());
  EXPECT_EQ(c.machine.glb.weight_update, 2748416U);
}

TEST_F(LoadConfig, ReadsEveryKindOfValue) {
  const Config c = load(
      "clock_mhz: 1.5e2\n"
      "tile: {height: 4, width: +6}\n"
      "engines:\n  backward: {sparsity: input}\n  forward: {lut: false}\n"
      "network:\n  layers: 8C3-10FC\n  timesteps: 3\n  pool: before_soma\n"
      "profile: {mask_density: [0.5, .25], spike_density: 0.1, clustering: sample}\n"
      "trace: {vcd: {scopes: [\"top.fe.*\", mem0]}}\n"
      "dataset: {kind: mnist, path: 2024}\n");
  EXPECT_EQ(c.machine.clock_mhz, 150.0);
  EXPECT_EQ(c.machine.tile.height, 4);
  EXPECT_EQ(c.machine.tile.width, 6);
  EXPECT_EQ(c.machine.backward.sparsity, Sparsity::input);
  EXPECT_FALSE(c.machine.forward.lut);
  EXPECT_TRUE(c.has_network);
  EXPECT_EQ(c.network.timesteps, 3);
  EXPECT_EQ(c.network.layers.size(), 2U);
  EXPECT_EQ(c.pool, PoolMode::before_soma);
  EXPECT_EQ(c.profile.mask_density, (std::vector<double>{0.5, 0.25}));
  EXPECT_EQ(c.profile.spike_density, (std::vector<double>{0.1}));
  EXPECT_TRUE(c.profile.clustered_by_sample);
  EXPECT_EQ(c.vcd.scopes, (std::vector<std::string>{"top.fe.*", "mem0"}));
  EXPECT_EQ(c.dataset.path, "2024");
}

TEST_F(LoadConfig, OverridesWinAndTheLastOneCounts) {
  const Config c = load("tile: {height: 4}\n", {{"tile.height", "5"},
                                                {"tile.height", "6"},
                                                {"engines.forward", "{rows: 32, cols: 8}"},
                                                {"network.layers", "8C3(Encoding)-AP2-4FC"},
                                                {"profile.mask_density", "[0.1, 0.2]"},
                                                {"trace.vcd.scopes", "'*'"}});
  EXPECT_EQ(c.machine.tile.height, 6);
  EXPECT_EQ(c.machine.forward.rows, 32);
  EXPECT_EQ(c.machine.forward.cols, 8);
  EXPECT_EQ(c.network.layers.size(), 2U);
  EXPECT_EQ(c.profile.mask_density.size(), 2U);
  EXPECT_EQ(c.vcd.scopes, (std::vector<std::string>{"*"}));
}

TEST_F(LoadConfig, IncludesAreRelativeToTheirFileAndLaterWins) {
  write("base/machine.yaml", "clock_mhz: 100\ntile: {height: 2, width: 2}\n");
  write("base/middle.yaml", "include: machine.yaml\ntile: {width: 3}\n");
  write("other.yaml", "clock_mhz: 300\n");
  const Config c = load(
      "tile: {height: 4}\n"
      "include: [base/middle.yaml, other.yaml]\n");
  EXPECT_EQ(c.machine.clock_mhz, 300.0);
  EXPECT_EQ(c.machine.tile.height, 4);
  EXPECT_EQ(c.machine.tile.width, 3);
  EXPECT_EQ(c.name, "c");
}

TEST_F(LoadConfig, TheSameFileMayBeIncludedTwice) {
  write("a.yaml", "clock_mhz: 100\n");
  write("b.yaml", "include: a.yaml\nclock_mhz: 200\n");
  EXPECT_EQ(load("include: [b.yaml, a.yaml]\n").machine.clock_mhz, 100.0);
}

TEST_F(LoadConfig, PresetFillsWhatIsNotGiven) {
  const Config hbm = load("");
  EXPECT_EQ(hbm.memory.dram.trefi, 3900);
  const Config ddr = load("memory: {dram: {cl: 20}, preset: ddr4_3200}\n");
  EXPECT_EQ(ddr.memory.dram.preset, "ddr4_3200");
  EXPECT_EQ(ddr.memory.dram.cl, 20);
  EXPECT_EQ(ddr.memory.dram.trcd, 22);
  const Config lp = load("memory: {dram: {cl: 20}}\n",
                         {{"memory.dram.trcd", "23"}, {"memory.preset", "lpddr4_2400"}});
  EXPECT_EQ(lp.memory.dram.channels, 8);
  EXPECT_EQ(lp.memory.dram.cl, 24) << "a later preset replaces earlier details";
  EXPECT_EQ(lp.memory.dram.trcd, 23);
  const Config ideal = load("memory: {preset: ideal, ideal: {latency_ns: 7}}\n");
  EXPECT_TRUE(ideal.memory.ideal);
  EXPECT_EQ(ideal.memory.ideal_timing.latency_ns, 7.0);
}

TEST_F(LoadConfig, PresetBandwidths) {
  const auto gigabytes = [&](const char* preset) {
    const DramSpec d = load("", {{"memory.preset", preset}}).memory.dram;
    return d.channels * d.data_bits / 8 * 2 / d.tck_ns;
  };
  EXPECT_DOUBLE_EQ(gigabytes("hbm2"), 128.0);
  EXPECT_DOUBLE_EQ(gigabytes("ddr4_3200"), 102.4);
  EXPECT_DOUBLE_EQ(gigabytes("lpddr4_2400"), 76.8);
}

TEST_F(LoadConfig, PrintedConfigurationLoadsAgain) {
  for (const std::vector<Override>& sets : std::vector<std::vector<Override>>{
           {},
           {{"memory.preset", "lpddr4_2400"}, {"memory.dram.cl", "25"}},
           {{"memory.preset", "ideal"}},
           {{"training.optimizer", "adam"},
            {"neuron.alpha", "0.3"},
            {"training.epsilon", "1e-7"},
            {"neuron.th_l", "-1.7"}},
           {{"dataset.kind", "npy"},
            {"dataset.path", "'a \"b\": #c\\d é'"},
            {"profile.masks", "'true'"}},
           {{"dataset.kind", "npy"},
            {"dataset.path", "'007'"},
            {"trace.vcd.scopes", "['*', 'a, b', '- x', no]"}},
           {{"network.layers", "8C3-10FC"}, {"profile.mask_density", "[0.1, 0.3]"}},
           {{"training.seed", "9007199254740991"}, {"clock_mhz", "799.9999999999999"}},
       }) {
    const Config first = load("", sets);
    const Config second = load(print_config(first));
    expect_same(first, second);
  }
}

TEST_F(LoadConfig, PrintDoesNotDependOnPlace) {
  const std::string text = print_config(load("dataset: {kind: mnist, path: data/mnist}\n"));
  EXPECT_NE(text.find("\n  path: data/mnist  #"), std::string::npos);
  EXPECT_EQ(text.find(folder_.string()), std::string::npos);
}

TEST_F(LoadConfig, JsonHasNestedKeysAndNoAbsolutePath) {
  const Config c =
      load("dataset: {kind: mnist, path: /some/where/mnist}\nprofile: {masks: ../masks}\n");
  const nlohmann::json json = config_json(c);
  EXPECT_EQ(json["dataset"]["path"], "mnist");
  EXPECT_EQ(json["profile"]["masks"], "../masks");
  EXPECT_EQ(json["engines"]["forward"]["rows"], 64);
  EXPECT_EQ(json["training"]["learning_rate"].dump(), "0.1");
  EXPECT_EQ(json["memory"]["preset"], "hbm2");
  EXPECT_EQ(c.dataset.path, "/some/where/mnist");
}

}  // namespace
}  // namespace h2
