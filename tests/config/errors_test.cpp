// SPDX-License-Identifier: Apache-2.0
#include "tests/config/config_files.h"

namespace h2 {
namespace {

using ConfigErrors = ConfigFiles;

TEST_F(ConfigErrors, UnknownKeys) {
  EXPECT_EQ(error("clock_mhz: 800\ntile:\n  hight: 4\n"),
            "c.yaml:3:3: tile.hight: unknown key, did you mean tile.height?; legal: height, width");
  EXPECT_EQ(
      error("learning_rate: 0.1\n").substr(0, 87),
      "c.yaml:1:1: learning_rate: unknown key, did you mean training.learning_rate?; legal: ac");
  EXPECT_EQ(error("tile:\n  zzzzzzz: 4\n"),
            "c.yaml:2:3: tile.zzzzzzz: unknown key; legal: height, width");
  EXPECT_EQ(error("tile.height: 4\n").substr(0, 80),
            "c.yaml:1:1: tile.height: a file nests keys, it does not join them with dots; leg");
  EXPECT_EQ(error("tile: {include: other.yaml}\n"),
            "c.yaml:1:8: tile.include: unknown key; legal: height, width");
}

TEST_F(ConfigErrors, DuplicateKeys) {
  EXPECT_EQ(error("tile:\n  height: 4\n  width: 4\n  height: 8\n"),
            "c.yaml:4:3: tile.height: is given twice, first in line 2; legal: once");
  EXPECT_EQ(error("tile: {height: 4}\nclock_mhz: 1\ntile: {width: 4}\n"),
            "c.yaml:3:1: tile: is given twice, first in line 1; legal: once");
  write("a.yaml", "");
  EXPECT_EQ(error("include: a.yaml\ninclude: a.yaml\n"),
            "c.yaml:2:1: include: is given twice, first in line 1; legal: once");
}

TEST_F(ConfigErrors, WrongTypes) {
  const std::string legal = "; legal: an integer in 1..1024";
  EXPECT_EQ(error("tile: {height: four}\n"),
            "c.yaml:1:16: tile.height: 'four' is not an integer" + legal);
  EXPECT_EQ(error("tile:\n  height:  4.0\n"),
            "c.yaml:2:12: tile.height: '4.0' is not an integer" + legal);
  EXPECT_EQ(error("tile: {height: \"4\"}\n"),
            "c.yaml:1:16: tile.height: '4' is text in quotes, not a number" + legal);
  EXPECT_EQ(error("tile: {height: 0x10}\n"),
            "c.yaml:1:16: tile.height: '0x10' is not an integer" + legal);
  EXPECT_EQ(error("tile:\n  height:\n  width: 3\n"),
            "c.yaml:2:3: tile.height: has no value" + legal);
  EXPECT_EQ(error("tile: {height: ~}\n"), "c.yaml:1:8: tile.height: has no value" + legal);
  EXPECT_EQ(error("tile: {height: [4]}\n"), "c.yaml:1:16: tile.height: is a list" + legal);
  EXPECT_EQ(error("tile:\n  height: {a: 1}\n"),
            "c.yaml:2:11: tile.height: is a map of keys" + legal);
  EXPECT_EQ(error("tile: {height: !!int 4}\n").substr(0, 60),
            "c.yaml:1:16: tile.height: has the tag 'tag:yaml.org,2002:int");
  EXPECT_EQ(error("pipeline: {overlap: yes}\n"),
            "c.yaml:1:21: pipeline.overlap: 'yes' is not a boolean; legal: true, false");
  EXPECT_EQ(error("accelerator: tpu\n"),
            "c.yaml:1:14: accelerator: 'tpu' is unknown; legal: h2learn, sata, spinalflow, "
            "spinaps, multicore");
  EXPECT_EQ(error("numerics: fp8\n"), "c.yaml:1:11: numerics: 'fp8' is unknown; legal: fp16, fp32");
  EXPECT_EQ(error("neuron: {alpha: .nan}\n"),
            "c.yaml:1:17: neuron.alpha: '.nan' is not a finite decimal number; legal: a number "
            "from 0 to 1");
  EXPECT_EQ(error("neuron: {alpha: -inf}\n").substr(0, 40),
            "c.yaml:1:17: neuron.alpha: '-inf' is not");
  EXPECT_EQ(error("tile: 8\n"), "c.yaml:1:7: tile: is not a map of keys; legal: height, width");
  EXPECT_EQ(error("tile:\n"), "c.yaml:1:1: tile: has no keys; legal: height, width");
  EXPECT_EQ(error("- 1\n").substr(0, 52), "c.yaml:1:1: top level: is not a map of keys; legal: ");
  EXPECT_EQ(error("tile: {[1]: 4}\n"),
            "c.yaml:1:8: tile: a key is not a word; legal: height, width");
}

TEST_F(ConfigErrors, LeadingZeros) {
  EXPECT_EQ(error("tile: {height: 010}\n"),
            "c.yaml:1:16: tile.height: '010' has a leading zero; legal: an integer in 1..1024");
  EXPECT_EQ(error("neuron: {alpha: 00.5}\n"),
            "c.yaml:1:17: neuron.alpha: '00.5' has a leading zero; legal: a number from 0 to 1");
  EXPECT_EQ(load("neuron: {alpha: 0.50}\n").neuron.alpha, 0.5F);
}

TEST_F(ConfigErrors, OutOfRange) {
  EXPECT_EQ(error("tile:\n  height: 0\n"),
            "c.yaml:2:11: tile.height: 0 is out of range; legal: an integer in 1..1024");
  EXPECT_EQ(error("tile: {height: 99999999999999999999}\n"),
            "c.yaml:1:16: tile.height: 99999999999999999999 is out of range; legal: an integer in "
            "1..1024");
  EXPECT_EQ(error("memory: {bytes: 5000000}\n"),
            "c.yaml:1:17: memory.bytes: 5000000 is not a power of two; legal: a power of two in "
            "1048576..68719476736");
  EXPECT_EQ(error("training: {momentum: 1}\n"),
            "c.yaml:1:22: training.momentum: 1 is out of range; legal: a number from 0 to below 1");
  EXPECT_EQ(error("training: {momentum: 0.999999999999}\n").substr(0, 55),
            "c.yaml:1:22: training.momentum: 0.999999999999 is out o");
  EXPECT_EQ(error("training: {loss_scale: 1000}\n"),
            "c.yaml:1:24: training.loss_scale: 1000 is not a power of two; legal: a power of two "
            "in 1..16777216, or dynamic");
  EXPECT_EQ(error("profile:\n  mask_density: [0.5,\n    1.5]\n"),
            "c.yaml:3:5: profile.mask_density: 1.5 is out of range; legal: a number from 0 to 1, "
            "or a list of one per layer");
  EXPECT_EQ(error("profile: {mask_density: []}\n").substr(0, 55),
            "c.yaml:1:25: profile.mask_density: is an empty list; le");
}

TEST_F(ConfigErrors, BrokenYaml) {
  EXPECT_EQ(error("tile: {height: 4\n").substr(0, 27), "c.yaml:2:1: is not YAML: en");
  EXPECT_EQ(error("tile:\n\theight: 4\n").substr(0, 9), "c.yaml:2:");
  EXPECT_EQ(error("tile: {height: *x}\n").substr(0, 25), "c.yaml:1:16: is not YAML:");
  EXPECT_EQ(error("clock_mhz: 1\n---\nclock_mhz: 2\n"),
            "c.yaml:2:1: is outside of the first YAML document; legal: one document");
  EXPECT_EQ(error("# a comma on its own\n, tile: {height: 4}\n"),
            "c.yaml:2:1: is outside of the first YAML document; legal: one document");
  EXPECT_NE(error(std::string(100000, '[')).find("is not YAML"), std::string::npos);
  EXPECT_EQ(error("dataset: {path: a\xc3(}\n"),
            "c.yaml:1:17: dataset.path: is not UTF-8; legal: a folder, \"\" for none");
  EXPECT_NE(error(std::string("\x00\x01\x02", 3)), "");
}

TEST_F(ConfigErrors, Files) {
  EXPECT_EQ(error_of((folder_ / "none.yaml").string()),
            "none.yaml: cannot be read: No such file or directory; legal: a YAML file");
  EXPECT_NE(error_of(folder_.string()).find("is a folder"), std::string::npos);
  EXPECT_EQ(error("clock_mhz: 1\ninclude: sub/none.yaml\n"),
            "c.yaml:2:10: include: sub/none.yaml: cannot be read: No such file or directory; "
            "legal: a YAML file");
  EXPECT_EQ(error("include:\n- [c.yaml]\n"),
            "c.yaml:2:3: include: is not a file name; legal: a file, or a list of files, relative "
            "to the including one");
  EXPECT_EQ(error("include:\n").substr(0, 41), "c.yaml:1:1: include: is not a file name; ");
  write("b.yaml", "tile: {height: 0}\n");
  EXPECT_EQ(error("include: b.yaml\n").substr(0, 29), "b.yaml:1:16: tile.height: 0 i");
}

TEST_F(ConfigErrors, IncludeCycles) {
  EXPECT_EQ(error("include: c.yaml\n").substr(0, 56),
            "c.yaml:1:10: include: is a cycle: c.yaml -> c.yaml; lega");
  write("a.yaml", "clock_mhz: 1\ninclude: [b.yaml]\n");
  write("b.yaml", "include: a.yaml\n");
  EXPECT_EQ(error_of(folder_.string() + "/a.yaml").substr(0, 65),
            "b.yaml:1:10: include: is a cycle: a.yaml -> b.yaml -> a.yaml; leg");
}

TEST_F(ConfigErrors, Overrides) {
  EXPECT_EQ(error("", {{"tile.height", "0"}}),
            "--set tile.height=0: tile.height: 0 is out of range; legal: an integer in 1..1024");
  EXPECT_EQ(error("", {{"tile.hight", "4"}}),
            "--set tile.hight=4: tile.hight: unknown key, did you mean tile.height?; legal: "
            "height, width");
  EXPECT_EQ(error("", {{"tile", "{width: 010}"}}).substr(0, 51),
            "--set tile={width: 010}: tile.width: '010' has a le");
  EXPECT_EQ(error("", {{"tile", "4"}}),
            "--set tile=4: tile: is not a map of keys; legal: height, width");
  EXPECT_EQ(error("", {{"tile.height", ""}}).substr(0, 47),
            "--set tile.height=: tile.height: has no value; ");
  EXPECT_EQ(error("", {{"trace.vcd.scopes", "[a"}}).substr(0, 36),
            "--set trace.vcd.scopes=[a: is not YA");
  EXPECT_EQ(error("", {{"tile", "{width: 4, width: 5}"}}).substr(0, 60),
            "--set tile={width: 4, width: 5}: tile.width: is given twice,");
  EXPECT_NE(error("", {{"include", "other.yaml"}}), "");
  EXPECT_NE(error("", {{"", "1"}}), "");
  EXPECT_NE(error("", {{"tile.", "1"}}), "");
  EXPECT_NE(error("", {{".tile", "1"}}), "");
  EXPECT_NE(error("", {{std::string(100000, 'x'), "1"}}), "");
}

}  // namespace
}  // namespace h2
