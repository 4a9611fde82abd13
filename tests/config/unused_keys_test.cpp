// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "platform/config/keys.h"
#include "tests/config/config_files.h"

namespace h2 {
namespace {

using UnusedKeys = ConfigFiles;

TEST_F(UnusedKeys, OfADataKindAreNamedWithPlaceAndLegalKeys) {
  EXPECT_EQ(
      error("dataset:\n  kind: mnist\n  path: x\n  windows: count\n"),
      "c.yaml:4:3: dataset.windows: \"count\" has no effect with dataset.kind \"mnist\"; "
      "legal: dataset.kind nmnist, cifar10dvs, dvsgesture, shd, ssc, or of dataset only kind, "
      "path, coding, train_limit, test_limit, validation, cache_bytes");
  EXPECT_EQ(
      error("dataset: {path: x}\n"),
      "c.yaml:1:11: dataset.path: \"x\" has no effect with dataset.kind \"digits\"; legal: "
      "dataset.kind any but digits, or of dataset only kind, coding, train_limit, test_limit, "
      "validation");
  EXPECT_EQ(
      error("dataset: {kind: shd, path: x}\n", {{"dataset.resize", "256"}}),
      "--set dataset.resize=256: dataset.resize: 256 has no effect with dataset.kind \"shd\"; "
      "legal: dataset.kind images, or of dataset only kind, path, train_limit, test_limit, "
      "validation, windows, window_us, events, cache_bytes");
}

/// Every data kind takes its own keys and refuses each of the others.
TEST_F(UnusedKeys, OfEveryDataKind) {
  const std::vector<Override> given{
      {"dataset.path", "x"},      {"dataset.cache_bytes", "1"}, {"dataset.windows", "count"},
      {"dataset.window_us", "5"}, {"dataset.events", "counts"}, {"dataset.resize", "256"},
      {"dataset.coding", "rate"}, {"dataset.validation", "3"},  {"dataset.train_limit", "3"}};
  const std::string recorded = "path cache_bytes windows window_us events validation train_limit ";
  const std::string read = "path cache_bytes coding validation train_limit ";
  const std::map<std::string, std::string> used{
      {"digits", "coding validation train_limit "},
      {"mnist", read},
      {"cifar10", read},
      {"cifar100", read},
      {"npy", read},
      {"images", "path cache_bytes resize coding validation train_limit "},
      {"nmnist", recorded},
      {"cifar10dvs", recorded},
      {"dvsgesture", recorded},
      {"shd", recorded},
      {"ssc", recorded}};
  ASSERT_EQ(used.size(), data_kinds().size());
  for (const std::string& kind : data_kinds()) {
    std::string taken;
    for (const Override& set : given) {
      const std::string text = error("dataset: {kind: " + kind + "}\n", {set});
      if (text.empty()) {
        taken += set.path.substr(8) + " ";
      } else {
        EXPECT_NE(text.find(set.path + ": "), std::string::npos) << text;
        EXPECT_NE(text.find("has no effect with dataset.kind \"" + kind), std::string::npos)
            << text;
      }
    }
    EXPECT_EQ(taken, used.at(kind)) << kind;
  }
  const std::string counts = "dataset: {kind: nmnist, events: counts, coding: rate}\n";
  EXPECT_EQ(error(counts), "") << "counts are pixels";
}

TEST_F(UnusedKeys, OfOtherSections) {
  const auto refused = [&](const std::string& text, const std::string& message) {
    EXPECT_NE(error(text).find(message), std::string::npos) << text << error(text);
  };
  refused("training: {optimizer: adam, momentum: 0.5}\n",
          "c.yaml:1:29: training.momentum: 0.5 has no effect with training.optimizer \"adam\"; "
          "legal: training.optimizer sgd, or of training only ");
  refused("training: {beta2: 0.5}\n", "training.beta2: 0.5 has no effect with training.optimizer");
  refused("training: {schedule: {every: 5}}\n",
          "training.schedule.every: 5 has no effect with training.schedule.kind \"constant\"; "
          "legal: training.schedule.kind step, or of training.schedule only kind, warmup");
  refused("training: {schedule: {kind: step, floor: 0.5}}\n",
          "legal: training.schedule.kind cosine, or of training.schedule only kind, warmup, every, "
          "factor");
  refused("training: {loss_scale: 8, loss_scale_growth: 5}\n", "training.loss_scale dynamic");
  refused("profile: {sample_fraction: 0.25}\n", "legal: profile.clustering sample");
  refused("memory: {ideal: {latency_ns: 7}}\n",
          "memory.ideal.latency_ns: 7.0 has no effect with memory.preset \"hbm2\"; legal: "
          "memory.preset ideal, or no key of memory.ideal");
  refused("federated: {straggler: 2}\n", "legal: federated.local_epochs 1 or more");
  refused("sata: {rows: 8}\n",
          "c.yaml:1:8: sata.rows: 8 has no effect with accelerator \"h2learn\"; legal: accelerator "
          "sata, or no key of sata");
  refused("noc: {flit_bits: 64}\n", "legal: accelerator multicore, or no key of noc");
  refused("spinaps: {stt: {read_pj: 3}}\n", "legal: accelerator spinaps, or no key of spinaps.stt");
  refused("spinalflow: {leak: 64}\n", "legal: accelerator spinalflow");
}

TEST_F(UnusedKeys, BelongToTheChoiceOfALowerLayer) {
  write("base.yaml",
        "accelerator: sata\nsata: {rows: 8}\nneuron: {alpha: 0.9375}\n"
        "dataset: {kind: nmnist, path: x, windows: count}\n");
  const std::string other = "include: base.yaml\naccelerator: h2learn\ndataset: {kind: digits}\n";
  const Config c = load(other);
  EXPECT_EQ(c.dataset.path, "");
  EXPECT_EQ(c.dataset.windows, EventWindows::time);
  EXPECT_EQ(c.sata.rows, Config{}.sata.rows);
  EXPECT_EQ(config_json(c), config_json(load(print_config(c))));
  EXPECT_EQ(load("include: base.yaml\n").sata.rows, 8);
  // A value that is the default says nothing.
  EXPECT_EQ(error("sata: {rows: 16}\ndataset: {windows: time}\n"), "");
}

TEST_F(UnusedKeys, SharedByRunsAreForgotten) {
  const std::vector<Override> sets{{"sata.rows", "8"}, {"training.beta1", "0.5"}};
  EXPECT_NE(error("", sets), "");
  EXPECT_EQ(error("", shared(sets)), "");
  EXPECT_EQ(load("", shared(sets)).sata.rows, Config{}.sata.rows);
  EXPECT_EQ(
      load("accelerator: sata\nneuron: {alpha: 0.9375}\n", {{"sata.rows", "8", true}}).sata.rows,
      8);
}

}  // namespace
}  // namespace h2
