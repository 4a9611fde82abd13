// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "platform/config/keys.h"
#include "tests/config/config_files.h"

namespace h2 {
namespace {

const std::string kFolder = std::string(H2_SOURCE_DIR) + "/configs/";

const Config kDefaults;

using ShippedConfigs = ConfigFiles;

TEST_F(ShippedConfigs, AllLoadAndPrintWhatLoadsAgain) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const Config first = load_config(entry.path().string(), {});
    const Config second = load_config(write(entry.path().filename(), print_config(first)), {});
    EXPECT_EQ(config_json(first), config_json(second)) << entry.path();
    EXPECT_EQ(first.name, second.name);
    EXPECT_EQ(first.network.layers.size(), second.network.layers.size());
    const bool trains = first.accelerator == AcceleratorKind::h2learn ||
                        first.accelerator == AcceleratorKind::sata ||
                        first.accelerator == AcceleratorKind::multicore;
    if (first.has_network && trains) {
      EXPECT_NO_THROW(require_trainable(first)) << entry.path();
    }
  }
  EXPECT_GE(files, 8);
}

/// Is there a line "<indent><name>:", commented out or not, below the lines of the sections? Flow
/// maps "name: {bytes: 1}" count too.
bool mentions(const std::string& text, const std::string& path) {
  std::size_t at = 0;
  std::istringstream in(path);
  for (std::string name; std::getline(in, name, '.');) {
    for (at = text.find(name + ":", at); at != std::string::npos;
         at = text.find(name + ":", at + 1)) {
      if (at == 0 || std::string("\n {").find(text[at - 1]) != std::string::npos) break;
    }
    if (at == std::string::npos) return false;
  }
  return true;
}

TEST(PaperMachine, MentionsEveryKeyAndHoldsItsDefaults) {
  const std::string text = read_text(kFolder + "h2learn.yaml");
  for (const Key& key : key_table()) EXPECT_TRUE(mentions(text, key.path)) << key.path;
  EXPECT_FALSE(mentions(text, "tile.hight"));
  const Config machine = load_config(kFolder + "h2learn.yaml", {});
  EXPECT_EQ(config_json(machine), config_json(kDefaults));
  EXPECT_FALSE(machine.has_network);
}

TEST_F(ShippedConfigs, CommentedDramValuesAreThoseOfThePreset) {
  std::istringstream in(read_text(kFolder + "h2learn.yaml"));
  std::string text = "memory:\n";
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("  # dram:", 0) == 0 || line.rfind("  #   ", 0) == 0) {
      text += "  " + line.substr(4) + "\n";
    }
  }
  EXPECT_NE(text.find("trefi"), std::string::npos);
  EXPECT_EQ(config_json(load(text)), config_json(kDefaults));
}

struct Table3 {
  const char* file;
  std::size_t layers;
  std::vector<double> output;  // O sparsity in %, per column
  std::vector<double> input;   // I sparsity in %
  std::uint64_t samples;
};

TEST_F(ShippedConfigs, CarryTheDensitiesOfTableIII) {
  for (const Table3& t :
       std::vector<Table3>{{"mnist",
                            9,
                            {22.66, 85.99, 52.74, 74.74, 53.82},
                            {99.18, 97.46, 98.76, 97.44, 97.93},
                            60000},
                           {"cifar10",
                            9,
                            {54.06, 83.22, 80.22, 82.75, 87.24},
                            {91.41, 83.89, 89.92, 88.63, 84.39},
                            50000},
                           {"nmnist", 7, {59.89, 86.13, 92.95}, {97.24, 97.36, 99.26}, 60000},
                           {"cifar10dvs", 7, {62.93, 88.23, 82.07}, {87.69, 74.14, 95.77}, 9000},
                           {"imagenet",
                            10,
                            {17.97, 16.21, 14.65, 19.82, 16.65, 15.09},
                            {94.95, 94.11, 92.94, 96.02, 94.38, 93.35},
                            1281167}}) {
    const Config c = load_config(kFolder + t.file + ".yaml", {});
    ASSERT_EQ(c.network.layers.size(), t.layers);
    ASSERT_EQ(c.profile.mask_density.size(), t.layers);
    ASSERT_EQ(c.profile.gradient_density.size(), t.layers);
    EXPECT_EQ(c.profile.samples, t.samples);
    EXPECT_EQ(c.network.timesteps, 10);
    const std::size_t last = t.output.size() - 1;
    for (std::size_t l = 0; l < t.layers; ++l) {
      EXPECT_NEAR(c.profile.mask_density[l], 1 - t.output[std::min(l, last)] / 100, 1e-9);
      const std::size_t column = l == 0 ? 0 : std::min(l - 1, last);
      EXPECT_NEAR(c.profile.gradient_density[l], 1 - t.input[column] / 100, 1e-9);
    }
  }
}

}  // namespace
}  // namespace h2
