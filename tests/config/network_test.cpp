// SPDX-License-Identifier: Apache-2.0
#include "modules/network/network.h"

#include <gtest/gtest.h>

#include "modules/base/error.h"

namespace h2 {
namespace {

constexpr const char* kMnist =
    "64C3(Encoding)-128C3-AP2-256C3-256C3-AP2-512C3-512C3-512FC-512FC-10FC";
constexpr const char* kEvents = "128C3-128C3-AP2-384C3-384C3-AP2-512FC-512FC-10FC";
constexpr const char* kImageNet =
    "64C3S2(Encoding)-128C3S2-256C3S2-256C3S2-384C3-256C3-256C3S2-4096FC-4096FC-1000FC";

Network parse(const std::string& layers, InputShape input = {1, 28, 28},
              PoolMode pool = PoolMode::after_soma) {
  return parse_network(layers, input, 10, pool);
}

std::string error(const std::string& layers, InputShape input = {1, 28, 28}) {
  try {
    parse(layers, input);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

struct PaperNetwork {
  const char* name;
  const char* layers;
  InputShape input;
  double mega_macs;     // per timestep and sample, two decimals
  double mega_weights;  // three decimals
};

class PaperNetworks : public ::testing::TestWithParam<PaperNetwork> {};

TEST_P(PaperNetworks, MacsAndWeights) {
  const PaperNetwork& p = GetParam();
  double macs = 0, weights = 0;
  for (const Layer& layer : parse(p.layers, p.input).layers) {
    macs += static_cast<double>(layer.macs());
    weights += static_cast<double>(layer.weight_count());
  }
  EXPECT_NEAR(macs / 1e6, p.mega_macs, 0.005);
  EXPECT_NEAR(weights / 1e6, p.mega_weights, 0.0005);
}

INSTANTIATE_TEST_SUITE_P(
    TableVI, PaperNetworks,
    ::testing::Values(PaperNetwork{"mnist", kMnist, {1, 28, 28}, 418.18, 17.610},
                      PaperNetwork{"cifar10", kMnist, {3, 32, 32}, 547.30, 21.544},
                      PaperNetwork{"nmnist", kEvents, {2, 32, 32}, 619.19, 14.769},
                      PaperNetwork{"cifar10dvs", kEvents, {2, 42, 42}, 1064.44, 21.847},
                      PaperNetwork{"imagenet", kImageNet, {3, 224, 224}, 1047.67, 75.573}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(NetworkGrammar, FillsEveryFieldAfterSoma) {
  const Network net = parse("6C5S2(Encoding)-AP2-8C3-AP2-20FC-10FC", {3, 29, 31});
  ASSERT_EQ(net.layers.size(), 4U);
  EXPECT_EQ(net.timesteps, 10);
  EXPECT_TRUE(net.encoding());
  const Layer& a = net.layers[0];
  EXPECT_EQ(a.name, "conv1");
  EXPECT_EQ(a.kind, LayerKind::conv);
  EXPECT_EQ(a.pool, PoolMode::after_soma);
  EXPECT_EQ((std::vector<int>{a.cin, a.planes, a.in_h, a.in_w}), (std::vector<int>{3, 8, 29, 31}));
  EXPECT_EQ((std::vector<int>{a.cout, a.kernel, a.stride, a.pad}), (std::vector<int>{6, 5, 2, 2}));
  EXPECT_EQ((std::vector<int>{a.out_h, a.out_w, a.soma_h, a.soma_w}),
            (std::vector<int>{15, 16, 15, 16}));
  EXPECT_EQ((std::vector<int>{a.next_h, a.next_w, a.next_planes}), (std::vector<int>{7, 8, 3}));
  const Layer& b = net.layers[1];
  EXPECT_EQ((std::vector<int>{b.cin, b.planes, b.in_h, b.in_w, b.out_h, b.out_w}),
            (std::vector<int>{6, 3, 7, 8, 7, 8}));
  EXPECT_EQ((std::vector<int>{b.next_h, b.next_w}), (std::vector<int>{3, 4}));
  const Layer& c = net.layers[2];
  EXPECT_EQ(c.name, "fc1");
  EXPECT_EQ(c.kind, LayerKind::fc);
  EXPECT_EQ((std::vector<int>{c.cin, c.planes, c.cout, c.kernel, c.out_h, c.next_planes}),
            (std::vector<int>{8 * 3 * 4, 3, 20, 1, 1, 1}));
  const Layer& d = net.layers[3];
  EXPECT_EQ(d.name, "fc2");
  EXPECT_EQ((std::vector<int>{d.cin, d.planes, d.cout}), (std::vector<int>{20, 1, 10}));
}

TEST(NetworkGrammar, PoolingBeforeSomaKeepsSpikesBinary) {
  const Network net = parse("6C3-AP2-8C3-10FC", {2, 9, 9}, PoolMode::before_soma);
  const Layer& a = net.layers[0];
  EXPECT_EQ(a.pool, PoolMode::before_soma);
  EXPECT_EQ((std::vector<int>{a.out_h, a.soma_h, a.next_h, a.next_planes}),
            (std::vector<int>{9, 4, 4, 1}));
  EXPECT_EQ(net.layers[1].planes, 1);
  EXPECT_EQ(net.layers[1].pool, PoolMode::none);
  EXPECT_FALSE(net.encoding());
}

TEST(NetworkGrammar, MayEndInAConvolutionOrAPool) {
  EXPECT_EQ(parse("8C3").layers.size(), 1U);
  EXPECT_EQ(parse("8C3-AP2").layers[0].next_h, 14);
}

TEST(NetworkGrammar, NamesItemPositionAndLegalForm) {
  EXPECT_EQ(error("64C3-AP3-10FC"),
            "network.layers: item 2 'AP3' at character 6 is not a layer; legal: "
            "<n>C<k>[S<s>][(Encoding)], AP2, <n>FC[(Encoding)], joined by '-'");
  EXPECT_EQ(error("64C4"),
            "network.layers: item 1 '64C4' at character 1 has an even kernel size; legal: odd "
            "kernel sizes");
}

TEST(NetworkGrammar, RejectsWhatIsIllegal) {
  struct Case {
    const char* layers;
    const char* message;
  };
  for (const Case& c : std::vector<Case>{
           {"", "item 1 '' at character 1 is empty"},
           {"8C3--10FC", "item 2 '' at character 5 is empty"},
           {"8C3-", "item 2 '' at character 5 is empty"},
           {"8C3 -10FC", "item 1 '8C3 ' at character 1 is not a layer"},
           {"8c3", "is not a layer"},
           {"-8C3", "item 1 '' at character 1 is empty"},
           {"8C3S2S2", "is not a layer"},
           {"8FC(Encoding", "is not a layer"},
           {"8C3-8FC(Encoding)", "item 2 '8FC(Encoding)' at character 5 has (Encoding)"},
           {"8C3-8C3(Encoding)-10FC", "item 2 '8C3(Encoding)' at character 5 has (Encoding)"},
           {"AP2-10FC", "item 1 'AP2' at character 1 does not follow a convolution"},
           {"8C3-AP2-AP2", "item 3 'AP2' at character 9 does not follow a convolution"},
           {"10FC-AP2", "item 2 'AP2' at character 6 does not follow a convolution"},
           {"10FC-8C3", "item 2 '8C3' at character 6 is a convolution after an FC layer"},
           {"8C3S3", "has stride 3; legal: stride in 1..2"},
           {"8C3S0", "has stride 0"},
           {"0C3", "has channels 0; legal: channels in 1..65536"},
           {"65537FC", "has neurons 65537; legal: neurons in 1..65536"},
           {"8C33", "has kernel size 33; legal: kernel size in 1..31"},
           {"08C3", "has a number with a leading zero"},
           {"8C03", "has a number with a leading zero"},
           {"99999999999C3", "is not a layer"},
       }) {
    EXPECT_NE(error(c.layers).find(c.message), std::string::npos)
        << c.layers << " -> " << error(c.layers);
  }
  EXPECT_NE(error("8C3-AP2", {1, 1, 9}).find("pools a map of 1x9 to nothing"), std::string::npos);
  EXPECT_NE(error("65536C1-10FC", {1, 4096, 4096}).find("inputs"), std::string::npos);
  EXPECT_THROW(parse_network("8C3", {0, 28, 28}, 10, PoolMode::after_soma), InputError);
  EXPECT_THROW(parse_network("8C3", {1, 28, 28}, 10, PoolMode::none), InputError);
}

}  // namespace
}  // namespace h2
