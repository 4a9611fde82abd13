// SPDX-License-Identifier: Apache-2.0
// network.layers as a list of maps.
#include "modules/network/network_json.h"
#include "platform/config/keys.h"
#include "tests/config/config_files.h"

namespace h2 {
namespace {

class LayerListKey : public ConfigFiles {
 protected:
  static std::string file(const std::string& items) { return "network:\n  layers:\n" + items; }
  std::vector<Layer> layers(const std::string& items) const {
    return load(file(items)).network.layers;
  }
};

TEST_F(LayerListKey, SaysWhatTheNotationSays) {
  const Config notation = load("network: {layers: 8C3S2(Encoding)-AP2-16C5-12FC-10FC}\n");
  const Config list =
      load(file("    - {type: conv, channels: 8, stride: 2, encoding: true}\n"
                "    - {type: pool}\n"
                "    - {type: conv, channels: 16, kernel: 5, padding: same}\n"
                "    - {type: fc, neurons: 12}\n"
                "    - type: fc\n"
                "      neurons: 10\n"));
  ASSERT_EQ(list.network.layers.size(), notation.network.layers.size());
  for (std::size_t i = 0; i < list.network.layers.size(); ++i) {
    const Layer &a = list.network.layers[i], &b = notation.network.layers[i];
    const auto numbers = [](const Layer& l) {
      return std::vector<int>{l.cin,     l.planes, l.in_h,        l.in_w,
                              l.cout,    l.kernel, l.stride,      l.pad,
                              l.out_h,   l.out_w,  l.soma_h,      l.soma_w,
                              l.next_h,  l.next_w, l.next_planes, static_cast<int>(l.pool),
                              l.encoding};
    };
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(numbers(a), numbers(b)) << a.name;
    EXPECT_TRUE(a.neuron == b.neuron) << a.name;
  }
}

TEST_F(LayerListKey, LeavesOutThePaddingWhereItSaysSo) {
  for (const char* padding : {"valid", "0"}) {
    const auto found =
        layers(std::string("    - {type: conv, channels: 8, kernel: 5, padding: ") + padding +
               "}\n    - {type: conv, channels: 8, kernel: 3, stride: 2, " + "padding: " + padding +
               "}\n");
    EXPECT_EQ(found[0].out_h, 24);  // 28 - 4
    EXPECT_EQ(found[0].pad, 0);
    EXPECT_EQ(found[1].out_w, 11);  // (24 - 3) / 2 + 1
  }
}

TEST_F(LayerListKey, GivesLayersTheirOwnNeurons) {
  const Config config =
      load("neuron: {alpha: 0.5, th_r: 2}\n" + file("    - {type: conv, channels: 8}\n"
                                                    "    - {type: fc, neurons: 4, alpha: 0.75, "
                                                    "th_f: 1.5, th_l: -1, th_r: 3, beta: 0.1}\n"));
  EXPECT_TRUE(config.network.layers[0].neuron == config.neuron);
  const NeuronSpec own{0.75F, 1.5F, -1.0F, 3.0F, 0.1F};
  EXPECT_TRUE(config.network.layers[1].neuron == own);
}

TEST_F(LayerListKey, IsPrintedSoThatItLoadsAgain) {
  const Config config =
      load(file("    - {type: conv, channels: 8, encoding: true, th_f: 0.1}\n"
                "    - {type: pool}\n"
                "    - {type: conv, channels: 9, padding: 0}\n"
                "    - {type: fc, neurons: 10}\n"));
  const std::string text = print_config(config);
  EXPECT_NE(text.find("layers: [{type: conv, channels: 8, encoding: true, kernel: 3, padding: "
                      "same, stride: 1, th_f: 0.1}, {type: pool, kind: average}, "),
            std::string::npos)
      << text;
  const Config again = load(text);
  EXPECT_EQ(config_json(again), config_json(config));
  EXPECT_EQ(print_config(again), text);
  const NetworkText same = network_text(json_of(config.network_text));
  EXPECT_EQ(json_of(same), json_of(config.network_text));
}

TEST_F(LayerListKey, IsTakenFromTheCommandLine) {
  const Config config =
      load("network: {layers: 8C3-10FC}\n", {{"network.layers", "[{type: fc, neurons: 7}]"}});
  ASSERT_EQ(config.network.layers.size(), 1U);
  EXPECT_EQ(config.network.layers[0].cout, 7);
  EXPECT_EQ(load(file("    - {type: fc, neurons: 7}\n"), {{"network.layers", "9FC-8FC"}})
                .network.layers.size(),
            2U);
}

TEST_F(LayerListKey, NamesPlaceItemAndFieldOfWhatIsWrong) {
  const std::string conv = "    - {type: conv, channels: 8}\n";
  const std::pair<std::string, std::string> cases[] = {
      {"    []\n",
       "c.yaml:3:5: network.layers: is an empty list; legal: layers, or \"\" for no "
       "network"},
      {conv + "    - 10FC\n",
       "c.yaml:4:7: network.layers: item 2: is not a map of fields; legal: a map as {type: conv, "
       "channels: 16}"},
      {conv + "    - {channels: 4}\n",
       "c.yaml:4:7: network.layers: item 2: has no type; legal: type: conv, fc, pool"},
      {"    - {type: lstm}\n",
       "c.yaml:3:14: network.layers: item 1: type: 'lstm' is unknown; legal: conv, fc, pool"},
      {"    - {type: conv}\n",
       "c.yaml:3:7: network.layers: item 1: a layer of type conv lacks channels; legal: type, "
       "channels, kernel, stride, padding, encoding, bias, batch_norm, alpha, th_f, th_l, th_r, "
       "beta, adds, adds_potentials, reset, surrogate"},
      {"    - {type: fc, neurons: 4, kernel: 3}\n",
       "c.yaml:3:30: network.layers: item 1: kernel: is no field of type fc; legal: type, neurons, "
       "encoding, bias, batch_norm, readout, alpha, th_f, th_l, th_r, beta, adds, adds_potentials, "
       "reset, surrogate"},
      {"    - {type: fc, neurons: 4, neurons: 5}\n",
       "c.yaml:3:30: network.layers: item 1: neurons: is given twice; legal: once"},
      {"    - {type: conv, channels: 0}\n",
       "c.yaml:3:30: network.layers: item 1: channels: 0 is out of range; legal: an integer in "
       "1..65536"},
      {"    - {type: conv, channels: 8, alpha: 2}\n",
       "c.yaml:3:40: network.layers: item 1: alpha: 2 is out of range; legal: a number from 0 to "
       "1"},
      {"    - {type: conv, channels: 8, padding: 1}\n",
       "c.yaml:3:42: network.layers: item 1: padding: '1' is unknown; legal: same, valid, 0"},
      {"    - {type: conv, channels: 8, kernel: 4}\n",
       "c.yaml:3:7: network.layers: item 1 conv has an even kernel size; legal: odd kernel sizes"},
      {conv + "    - {type: conv, channels: 8, kernel: 31, padding: valid}\n",
       "c.yaml:4:7: network.layers: item 2 conv has a kernel of 31 without padding on a map of "
       "28x28; legal: kernels that fit the map"},
      {conv + "    - {type: conv, channels: 8, encoding: true}\n",
       "c.yaml:4:7: network.layers: item 2 conv has (Encoding); legal: (Encoding) on the first "
       "layer only"},
      {"    - {type: fc, neurons: 4}\n" + conv,
       "c.yaml:4:7: network.layers: item 2 conv is a convolution after an FC layer; legal: only FC "
       "layers after the first FC"},
      {"    - {type: pool}\n",
       "c.yaml:3:7: network.layers: item 1 pool does not follow a convolution; legal: AP2 directly "
       "after a convolution"},
      {"    - {type: fc, neurons: 4, th_l: 2}\n",
       "c.yaml:3:7: network.layers: item 1 fc has th_l 2 and th_r 1; legal: th_l < th_r"},
  };
  for (const auto& [items, message] : cases) EXPECT_EQ(error(file(items)), message);
}

TEST_F(LayerListKey, TakesTheLargestSpikeOnAnExtendedMachineAlone) {
  const std::string items =
      "    - {type: conv, channels: 8}\n    - {type: pool, kind: max}\n    - {type: fc, neurons: "
      "4}\n";
  EXPECT_EQ(error(file(items)),
            "c.yaml:2:3: machine.extensions: false; legal: true with the largest of four spikes "
            "(conv1), which is beyond the paper's hardware");
  const Config config = load(file(items) + "machine: {extensions: true}\n");
  EXPECT_TRUE(config.network.layers[0].max_pool);
  EXPECT_EQ(config.network.layers[0].next_planes, 1);
  EXPECT_EQ(config.network.layers[1].planes, 1);
  EXPECT_EQ(config.network.layers[1].cin, 8 * 14 * 14);
  EXPECT_EQ(error("network:\n  pool: before_soma\n  layers:\n" + items),
            "c.yaml:5:7: network.layers: item 2 pool takes the largest of four spikes; legal: "
            "network.pool: after_soma for kind max");
  EXPECT_NE(
      error("accelerator: sata\nneuron: {alpha: 0.9375}\n" + file(items))
          .find("conv1 has the largest of four spikes; legal: a network without, SATA has none"),
      std::string::npos);
}

TEST_F(LayerListKey, SaysWhatElseIsAnExtension) {
  const struct {
    const char* field;
    const char* what;
  } cases[] = {{"readout: true", "a read-out of potentials"},
               {"reset: soft", "a soft reset"},
               {"reset: soft_after_decay", "a soft reset"},
               {"surrogate: atan", "a surrogate from a table"}};
  for (const auto& [field, what] : cases) {
    const std::string items = std::string("    - {type: fc, neurons: 4, ") + field + "}\n";
    EXPECT_NE(error(file(items)).find(std::string("legal: true with ") + what + " (fc1)"),
              std::string::npos)
        << field;
    EXPECT_EQ(error(file(items) + "machine: {extensions: true}\n"), "");
    EXPECT_NE(
        error("accelerator: sata\nneuron: {alpha: 0.9375}\n" + file(items)).find("SATA has none"),
        std::string::npos);
  }
  EXPECT_EQ(error(file("    - {type: fc, neurons: 4, bias: true}\n")), "");
  EXPECT_NE(error("accelerator: sata\nneuron: {alpha: 0.9375}\n" +
                  file("    - {type: fc, neurons: 4, bias: true}\n"))
                .find("fc1 has a bias; legal: a network without, SATA has none"),
            std::string::npos);
  EXPECT_EQ(
      error(file("    - {type: fc, neurons: 4, readout: true}\n    - {type: fc, neurons: 4}\n")),
      "c.yaml:4:7: network.layers: item 2 fc follows a read-out; legal: a read-out last");
  EXPECT_EQ(error(file("    - {type: fc, neurons: 4, surrogate: atan, th_r: 2000}\n")),
            "c.yaml:3:7: network.layers: item 1 fc has a surrogate from a table and th_r - th_l of "
            "2000.000000; legal: th_r - th_l in 0.015625..1024");
}

TEST_F(LayerListKey, NamesTheLayerWhoseSpikesAreAdded) {
  const std::string first = "    - {type: conv, channels: 8}\n",
                    last = "    - {type: fc, neurons: 4}\n";
  const std::string on = "machine: {extensions: true}\n";
  const std::string legal =
      "; legal: a layer below of the same channels, height and width without pooling of its spikes";
  const auto adding = [](const std::string& name, int channels = 8) {
    return "    - {type: conv, channels: " + std::to_string(channels) + ", adds: " + name + "}\n";
  };
  const Config config = load(file(first + adding("conv1") + last) + on);
  EXPECT_EQ(config.network.layers[1].adds, 0);
  EXPECT_EQ(config.network.layers[0].added_by, std::vector<int>{1});
  EXPECT_EQ(load(print_config(config)).network.layers[1].adds, 0);
  const std::string place = "c.yaml:4:7: network.layers: item 2 conv2 adds ";
  EXPECT_EQ(error(file(first + adding("conv2") + last) + on),
            place + "conv2, which is no layer below" + legal);
  EXPECT_EQ(error(file(first + adding("fc7") + last) + on),
            place + "fc7, which is no layer below" + legal);
  EXPECT_EQ(error(file(first + adding("conv1", 9) + last) + on),
            place + "conv1, which has another shape" + legal);
  EXPECT_EQ(
      load(file(first + adding("conv1") + adding("conv1") + last) + on).network.layers[0].added_by,
      (std::vector<int>{1, 2}));
  EXPECT_NE(
      error(file(first + adding("conv1") + last)).find("spikes of another layer added (conv2)"),
      std::string::npos);
}

TEST_F(LayerListKey, NamesTheLayerWhosePotentialsAreAdded) {
  const std::string first = "    - {type: conv, channels: 8}\n",
                    last = "    - {type: fc, neurons: 4}\n", on = "machine: {extensions: true}\n";
  const auto adding = [](const std::string& fields) {
    return "    - {type: conv, channels: 8, " + fields + "}\n";
  };
  const std::string potentials = adding("adds_potentials: conv1");
  const Config config =
      load(file(first + potentials + potentials + adding("adds: conv1") + last) + on);
  const auto& layers = config.network.layers;
  EXPECT_EQ(layers[0].potentials_added_by, (std::vector<int>{1, 2}));
  EXPECT_EQ(layers[0].added_by, std::vector<int>{3});
  EXPECT_TRUE(layers[1].adds_potentials);
  EXPECT_FALSE(layers[3].adds_potentials);
  EXPECT_EQ(config_json(config), config_json(load(print_config(config))));
  EXPECT_EQ(
      error(file(first + adding("adds: conv1, adds_potentials: conv1") + last) + on),
      "c.yaml:4:7: network.layers: item 2 conv adds spikes and potentials; legal: one of adds "
      "and adds_potentials");
  EXPECT_EQ(error(file(first + adding("adds_potentials: conv2") + last) + on),
            "c.yaml:4:7: network.layers: item 2 conv2 adds potentials of conv2, which is no layer "
            "below; legal: a layer below of the same channels, height and width without pooling of "
            "its spikes");
  EXPECT_NE(
      error(file(first + potentials + last)).find("potentials of another layer added (conv2)"),
      std::string::npos);
}

TEST_F(LayerListKey, CountsTheConstantInputOfABias) {
  const Config config =
      load(file("    - {type: conv, channels: 8, bias: true}\n    - {type: fc, neurons: 4, "
                "bias: true}\n"));
  EXPECT_EQ(config.network.layers[0].inputs() + 1, config.network.layers[0].cin);
  EXPECT_EQ(config.network.layers[1].inputs(), 8 * 28 * 28);
  EXPECT_EQ(config.network.layers[1].cin, 8 * 28 * 28 + 1);
  const std::string text = print_config(config);
  EXPECT_NE(text.find("{type: conv, bias: true, channels: 8"), std::string::npos) << text;
  EXPECT_EQ(load(text).network.layers[1].cin, config.network.layers[1].cin);
}

TEST_F(LayerListKey, KeepsSatasOnlyDecay) {
  const std::string sata = "accelerator: sata\nneuron: {alpha: 0.9375}\n";
  EXPECT_EQ(error(sata + file("    - {type: fc, neurons: 4, alpha: 0.9375}\n")), "");
  EXPECT_EQ(error(sata + file("    - {type: fc, neurons: 4, alpha: 0.5}\n")),
            "network.layers: fc1 has its own alpha; legal with accelerator sata: 0.9375 in all "
            "layers, the decay by a shift of four bits");
}

}  // namespace
}  // namespace h2
