// SPDX-License-Identifier: Apache-2.0
#include "tests/config/config_files.h"

namespace h2 {
namespace {

/// What the simulator cannot run is refused where the configuration is read.
using ConfigLimits = ConfigFiles;

const char* const kNetwork = "network: {layers: 8C3(Encoding)-8C3-10FC}\n";

bool begins(const std::string& text, const std::string& begin) { return text.rfind(begin, 0) == 0; }

TEST_F(ConfigLimits, Layers) {
  std::string layers = "4C3";
  for (int i = 1; i < 63; ++i) layers += "-4C3";
  EXPECT_EQ(error("network:\n  layers: " + layers + "-10FC\n"), "");
  EXPECT_EQ(error("network:\n  layers: " + layers + "-4C3-10FC\n"),
            "c.yaml:2:3: network.layers: has 65 layers with weights; legal: up to 64");
}

TEST_F(ConfigLimits, GlobalBuffers) {
  for (const char* engine : {"forward", "weight_update", "backward"}) {
    const std::string key = std::string("glb.") + engine + ".bytes";
    const std::string message =
        error(kNetwork + std::string("glb:\n  ") + engine + ":\n    bytes: 1024\n");
    EXPECT_TRUE(begins(message, "c.yaml:4:5: " + key + ": layer ")) << message;
    EXPECT_NE(message.find("1024 are available; legal: "), std::string::npos) << message;
    EXPECT_TRUE(begins(error(kNetwork, {{key, "1024"}}), "--set " + key + "=1024: " + key));
  }
  // Blamed is what was given last of what decides.
  const std::string message = error("glb: {forward: {bytes: 4096}}\nnetwork: {layers: 8C3-10FC}\n");
  EXPECT_TRUE(begins(message, "c.yaml:2:11: glb.forward.bytes: ")) << message;
}

TEST_F(ConfigLimits, SataBuffers) {
  const std::string sata =
      "accelerator: sata\nneuron: {alpha: 0.9375}\n"
      "network: {layers: 4C3-4FC, input: {height: 8, width: 8}, timesteps: 2}\n";
  EXPECT_EQ(error(sata), "");
  const std::string message =
      error(sata + "sata: {buffers: {weights: {bytes: 1024}}}\n", {{"training.sub_batch", "64"}});
  EXPECT_TRUE(begins(message, "--set training.sub_batch=64: sata.buffers.")) << message;
  EXPECT_NE(message.find("legal here: at least"), std::string::npos) << message;
}

TEST_F(ConfigLimits, Memories) {
  const std::string message =
      error(kNetwork, {{"memory.bytes", "1048576"}, {"training.sub_batch", "64"}});
  EXPECT_TRUE(begins(message, "--set training.sub_batch=64: ")) << message;
  const std::string memory = error(kNetwork, {{"training.sub_batch", "64"},
                                              {"glb.forward.bytes", "1099511627776"},
                                              {"glb.weight_update.bytes", "1099511627776"},
                                              {"glb.backward.bytes", "1099511627776"},
                                              {"memory.bytes", "1048576"}});
  EXPECT_TRUE(begins(memory, "--set memory.bytes=1048576: memory.bytes: 1048576 each: ")) << memory;
  EXPECT_NE(memory.find("; legal: "), std::string::npos) << memory;
}

TEST_F(ConfigLimits, AcceleratorsThatInferHaveOtherLimits) {
  EXPECT_EQ(error("accelerator: spinalflow\nnetwork: {layers: 8C3-10FC}\n",
                  {{"glb.forward.bytes", "1024"}}),
            "");
}

}  // namespace
}  // namespace h2
