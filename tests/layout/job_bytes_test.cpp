// Bytes that a job moves, per tensor kind and direction, against the table in memory/LAYOUT.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "modules/contract/h2_layout.h"
#include "modules/h2learn/job_context.h"

namespace h2 {
namespace {

constexpr int kSamples = 4, kSteps = 10;

/// Masks with every third bit set.
class ThirdSet : public MaskSource {
 public:
  explicit ThirdSet(const Network& network) {
    for (const Layer& l : network.layers) {
      BitMap map(kSamples * kSteps, l.soma_h, l.soma_w, l.cout);
      std::uint64_t index = 0, set = 0;
      for (int m = 0; m < map.maps; ++m)
        for (int y = 0; y < l.soma_h; ++y)
          for (int x = 0; x < l.soma_w; ++x)
            for (int c = 0; c < l.cout; ++c, ++index) {
              map.set(m, y, x, c, index % 3 == 0);
              set += index % 3 == 0 ? 1 : 0;
            }
      maps_.push_back(map);
      set_.push_back(set);
    }
    const Layer& first = network.layers.front();
    input_ =
        BitMap(kSamples * (first.encoding ? 1 : kSteps), first.in_h, first.in_w, first.cin_star());
  }
  const BitMap& open(int layer) const override { return maps_[layer]; }
  const BitMap& nonzero(int layer) const override { return maps_[layer]; }
  const BitMap& spikes(int layer) const override { return maps_[layer]; }
  const BitMap& input() const override { return input_; }
  std::uint64_t count(int layer) const { return set_[layer]; }

 private:
  std::vector<BitMap> maps_;
  BitMap input_;
  std::vector<std::uint64_t> set_;
};

/// Charged bytes by "read <kind>" or "write <kind>".
using Bytes = std::map<std::string, std::uint64_t>;

Bytes moved(Job& job) {
  Bytes bytes;
  const auto add = [&](const TransferList& list) {
    for (const Transfer& t : list.transfers()) {
      bytes[std::string(t.write ? "write " : "read ") + name_of(t.kind)] += t.charged();
    }
  };
  for (int chunk = 0; chunk < job.chunks(); ++chunk) {
    bool more = true;
    for (int stage = 0; more; ++stage) {
      TransferList list;
      more = job.load(chunk, stage, list);
      add(list);
    }
    TransferList list;
    job.store(chunk, list);
    add(list);
  }
  return bytes;
}

std::uint64_t up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

class JobBytes : public testing::Test {
 protected:
  void network(const std::string& text, InputShape input, PoolMode pool = PoolMode::after_soma) {
    network_ = parse_network(text, input, kSteps, pool);
    glb_ = plan_glb(machine_, network_, kSamples);
    masks_ = std::make_unique<ThirdSet>(network_);
    for (const Layer& l : network_.layers) layers_.push_back({l, {}});
    context_.machine = &machine_;
    context_.layers = &layers_;
    context_.glb = &glb_;
    context_.masks = masks_.get();
    context_.batch = kSamples;
    context_.steps = kSteps;
  }

  const Layer& at(int layer) const { return network_.layers[layer]; }
  static std::uint64_t tiles(int height, int width) {
    return Tiling(height, width, TileSpec{}).count();
  }
  /// Neurons of a layer at Soma positions, over samples and timesteps.
  std::uint64_t neurons(int layer) const {
    const Layer& l = at(layer);
    return std::uint64_t{kSamples} * kSteps * l.cout * l.soma_h * l.soma_w;
  }
  std::uint64_t bits(int layer) const { return neurons(layer) / 8; }
  std::uint64_t dense(int layer) const { return neurons(layer) * 2; }
  std::uint64_t packed(int layer) const { return masks_->count(layer) * 2; }
  std::uint64_t potential(int layer) const {
    return at(layer).kind == LayerKind::fc ? dense(layer) : packed(layer);
  }
  /// Bit planes that layer+1 reads.
  std::uint64_t planes(int layer) const {
    const Layer& l = at(layer);
    return std::uint64_t{kSamples} * kSteps * l.cout * l.next_planes * l.next_h * l.next_w / 8;
  }
  std::uint64_t input(int layer) const {
    const Layer& l = at(layer);
    if (layer > 0) return planes(layer - 1);
    return l.encoding ? std::uint64_t{kSamples} * l.cin * l.in_h * l.in_w
                      : std::uint64_t{kSamples} * kSteps * l.cin * l.in_h * l.in_w / 8;
  }
  /// What the Weight Update Engine reads of it for 128 output channels: behind a map, an FC layer's
  /// input blocks may cut through units of 16 channels, which are then read for both.
  std::uint64_t blocked_input(int layer) const {
    const Layer& l = at(layer);
    if (l.kind == LayerKind::conv || layer == 0) return input(layer);
    const int positions = at(layer - 1).next_h * at(layer - 1).next_w;
    const int step = glb_.weight_update_channels[layer];
    std::uint64_t units = 0;
    for (int first = 0; first < l.cin; first += step) {
      const int end = std::min(first + step, l.cin);
      const int from = first / positions * l.planes, to = ((end - 1) / positions + 1) * l.planes;
      units += (to - 1) / 16 - from / 16 + 1;
    }
    return units * input(layer) * 16 / (std::uint64_t(l.cin) / positions * l.planes);
  }
  std::uint64_t weights(int layer) const { return at(layer).weight_count() * 2; }

  Bytes forward(int layer) const {
    const Layer& l = at(layer);
    Bytes b;
    b[layer == 0 ? "read input" : "read spike"] = up(l.cout, 16) * input(layer);
    b["read weight"] = tiles(l.out_h, l.out_w) * weights(layer);
    b["write spike"] = bits(layer) + (l.pool == PoolMode::after_soma ? planes(layer) : 0);
    b["write mask"] = bits(layer);
    b["write potential"] = potential(layer);
    return b;
  }

  /// grad-u of `layer` from that of layer+1.
  Bytes backward(int layer) const {
    const Layer& above = at(layer + 1);
    const bool above_conv = above.kind == LayerKind::conv;
    const std::uint64_t passes = up(above.cin, 64);
    Bytes b;
    b["read gradient"] =
        passes * (above_conv && context_.compress_gradients ? packed(layer + 1) : dense(layer + 1));
    if (above_conv) b["read gradient_mask"] = passes * bits(layer + 1);
    b["read weight"] = tiles(above.in_h, above.in_w) * weights(layer + 1);
    add_grad(layer, b);
    return b;
  }

  void add_grad(int layer, Bytes& b) const {
    const bool conv = at(layer).kind == LayerKind::conv;
    b["read mask"] = bits(layer);
    b["read spike"] = bits(layer);
    b["read potential"] = potential(layer);
    b["write gradient"] = conv && context_.compress_gradients ? packed(layer) : dense(layer);
    if (conv) b["write gradient_mask"] = bits(layer);
  }

  Bytes weight_gradient(int layer, bool first) const {
    const Layer& l = at(layer);
    const bool packs = l.kind == LayerKind::conv && context_.compress_gradients;
    const std::uint64_t blocks = up(l.cin, glb_.weight_update_channels[layer]);
    Bytes b;
    b[layer == 0 ? "read input" : "read spike"] = up(l.cout, 128) * blocked_input(layer);
    b["read gradient"] = blocks * (packs ? packed(layer) : dense(layer));
    if (packs) b["read gradient_mask"] = blocks * bits(layer);
    if (!first) b["read weight_gradient"] = weights(layer);
    b["write weight_gradient"] = weights(layer);
    return b;
  }

  void check_all() {
    const int layers = static_cast<int>(network_.layers.size());
    for (int l = 0; l < layers; ++l) {
      SCOPED_TRACE(at(l).name);
      EXPECT_EQ(moved(*make_forward_job(context_, l)), forward(l));
      for (const bool first : {false, true}) {
        EXPECT_EQ(moved(*make_weight_gradient_job(context_, l, first)), weight_gradient(l, first));
      }
      if (l + 1 < layers) {
        EXPECT_EQ(moved(*make_backward_job(context_, l)), backward(l));
      }
    }
    Bytes last{{"read gradient", dense(layers - 1)}};
    add_grad(layers - 1, last);
    EXPECT_EQ(moved(*make_grad_job(context_, 0)), last);
  }

  Machine machine_;
  Network network_;
  GlbPlan glb_;
  std::unique_ptr<ThirdSet> masks_;
  std::vector<PlacedLayer> layers_;
  JobContext context_;
};

TEST_F(JobBytes, FollowTheTable) {
  network("64C3(Encoding)-AP2-128C3-192C3S2-AP2-256FC-16FC", {3, 32, 32});
  check_all();
}

TEST_F(JobBytes, FollowTheTableForEventInputAndPoolingBeforeSoma) {
  network("32C3-AP2-160C3-AP2-48FC", {2, 32, 32}, PoolMode::before_soma);
  check_all();
}

TEST_F(JobBytes, FollowTheTableWithCompressedGradients) {
  context_.compress_gradients = true;
  network("64C3(Encoding)-AP2-128C3-256FC-16FC", {3, 32, 32});
  ASSERT_LT(glb_.weight_update_channels[2], at(2).cin);
  check_all();
}

TEST_F(JobBytes, InferenceStoresSpikesOnly) {
  context_.inference = true;
  network("64C3(Encoding)-AP2-16FC", {1, 16, 16});
  Bytes expected = forward(0);
  expected.erase("write mask");
  expected.erase("write potential");
  EXPECT_EQ(moved(*make_forward_job(context_, 0)), expected);
}

/// The worked numbers of the table: CIFAR10 conv6, 512 -> 512 at 8x8.
TEST_F(JobBytes, WorkedNumbers) {
  network("512C3-512C3-16FC", {512, 8, 8});
  Bytes forward = moved(*make_forward_job(context_, 1));
  EXPECT_EQ(forward["read spike"], 5'242'880U);
  EXPECT_EQ(forward["read weight"], 4'718'592U);
  EXPECT_EQ(forward["write spike"], 163'840U);
  Bytes backward = moved(*make_backward_job(context_, 0));
  EXPECT_EQ(backward["read gradient"], 20'971'520U);
  EXPECT_EQ(backward["read gradient_mask"], 1'310'720U);
  EXPECT_EQ(backward["write gradient"], 2'621'440U);
  Bytes weight = moved(*make_weight_gradient_job(context_, 1, false));
  EXPECT_EQ(weight["read spike"], 655'360U);
  EXPECT_EQ(weight["read gradient"], 5'242'880U);
  EXPECT_EQ(weight["read weight_gradient"], 4'718'592U);
}

TEST_F(JobBytes, UpdateStreamsEveryWeightOnce) {
  network("64C3(Encoding)-16FC", {1, 8, 8});
  const std::vector<std::uint64_t> copies{0, 1ULL << 36};
  const std::uint64_t n = at(1).weight_count();
  UpdateSpec update;
  const Bytes sgd{{"read weight_gradient", 2 * n},
                  {"read master", 8 * n},
                  {"write master", 8 * n},
                  {"write weight", 4 * n}};
  EXPECT_EQ(moved(*make_update_job(context_, 1, update, 1, copies)), sgd);
  update.optimizer = Optimizer::adam;
  const Bytes adam{{"read weight_gradient", 2 * n},
                   {"read master", 12 * n},
                   {"write master", 12 * n},
                   {"write weight", 4 * n}};
  EXPECT_EQ(moved(*make_update_job(context_, 1, update, 1, copies)), adam);
}

}  // namespace
}  // namespace h2
