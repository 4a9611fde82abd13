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
  broken({{"dram.burst_length", "8"}}, "tccd_s >= burst_length / 2");
  broken({{"dram.tfaw", "3"}}, "tfaw >= trrd_s");
  broken({{"dram.trefi", "274"}}, "trefi > trfc + trp");
  broken({{"dram.row_bytes", "64"}, {"dram.burst_length", "8"}}, "row_bytes of at least");
  broken({{"burst_bytes", "64"}, {"dram.data_bits", "256"}}, "burst_bytes of at least");
  broken({{"bytes", "1048576"}, {"dram.row_bytes", "65536"}}, "at least one row in every bank");
  for (const char* map : {"row-bank", "row-rank-bank-column-bankgroup-channel-",
                          "row-row-rank-bank-column-bankgroup", "x", "''"}) {
    broken({{"dram.address_map", map}}, "row, rank, bank, column, bankgroup, channel in any order");
  }
  for (const char* size : {"channels", "bank_groups", "banks_per_group", "ranks"}) {
    broken({{std::string("dram.") + size, "0"}}, "a power of two in 1..");
    broken({{std::string("dram.") + size, "3"}}, "a power of two in 1..");
  }
  EXPECT_EQ(error("", {{"memory.dram.tras", "19"}, {"memory.dram.trefi", "275"}}), "");
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
            "<n>C<k>[S<s>][(Encoding)], AP2, <n>FC, joined by '-'");
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
            "first layer <n>C<k>(Encoding), it reads pixels");
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
