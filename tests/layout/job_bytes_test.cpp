// SPDX-License-Identifier: Apache-2.0
// Bytes that a job moves, per tensor kind and direction, against the table in memory/LAYOUT.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "modules/contract/h2_layout.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/jobs/feeds.h"

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
  std::uint64_t count(int layer, Region r) const {
    const BitMap& map = maps_[layer];
    std::uint64_t set = 0;
    for (int m = 0; m < map.maps; ++m)
      for (int y = r.y0; y < r.y1; ++y)
        for (int x = r.x0; x < r.x1; ++x)
          for (int c = 0; c < map.channels; ++c) set += map.get(m, y, x, c) ? 1 : 0;
    return set;
  }

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
  /// `shortcuts`: layer, and the layer below whose spikes or `potentials` it adds.
  void network(const std::string& text, InputShape input, PoolMode pool = PoolMode::after_soma,
               const std::vector<std::pair<int, int>>& shortcuts = {}, bool potentials = false) {
    network_ = parse_network(text, input, kSteps, pool);
    for (const auto& [index, from] : shortcuts) {
      ASSERT_EQ(add_shortcut(network_.layers, index, from, potentials), "");
    }
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
    const bool all = at(layer).kind == LayerKind::fc || !at(layer).potentials_added_by.empty();
    return all ? dense(layer) : packed(layer);
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
  /// Positions of a map that are read for `region`: whole parts of its tiles.
  static std::uint64_t positions(int height, int width, std::uint32_t border, Region region) {
    h2_map map{};
    map.height = static_cast<std::uint32_t>(height);
    map.width = static_cast<std::uint32_t>(width);
    map.tile_height = map.tile_width = 8;
    map.border = border;
    std::uint64_t sum = 0;
    for_parts(map, region, [&](Region part) { sum += part.area(); });
    return sum;
  }
  template <class Visit>
  static void for_parts(const h2_map& map, Region r, Visit visit) {
    for (std::uint32_t t = 0; t < h2_tiles(&map); ++t) {
      for (std::uint32_t p = 0; p < H2_PARTS; ++p) {
        const h2_rect q = h2_part(&map, t, p);
        const Region part{static_cast<int>(q.y0), static_cast<int>(q.y0 + q.height),
                          static_cast<int>(q.x0), static_cast<int>(q.x0 + q.width)};
        const bool common = part.y0 < r.y1 && r.y0 < part.y1 && part.x0 < r.x1 && r.x0 < part.x1;
        if (part.area() > 0 && common) visit(part);
      }
    }
  }
  /// Input that is read for all tiles of a layer's map, each with its halo.
  std::uint64_t tiled_input(int layer) const {
    const Layer& l = at(layer);
    if (l.kind == LayerKind::fc) return input(layer);
    const Tiling tiles(l.out_h, l.out_w, TileSpec{});
    std::uint64_t sum = 0;
    for (int t = 0; t < tiles.count(); ++t) {
      sum += positions(l.in_h, l.in_w, input_border(l), receptive(l, tiles.tile(t)));
    }
    return sum * (input(layer) / (std::uint64_t(l.in_h) * l.in_w));
  }
  /// Bytes of grad-u (dense or packed) and of its bitmap, read for all tiles of a map.
  struct Gradient {
    std::uint64_t values = 0, bits = 0;
  };
  template <class Needs>
  Gradient gradient(int layer, const Tiling& tiles, Needs needs) const {
    const Layer& l = at(layer);
    const bool packs = l.kind == LayerKind::conv && context_.compress_gradients;
    h2_map map{};
    map.height = static_cast<std::uint32_t>(l.soma_h);
    map.width = static_cast<std::uint32_t>(l.soma_w);
    map.tile_height = map.tile_width = 8;
    const bool pooled = l.pool == PoolMode::before_soma;
    map.border = gradient_border(l);
    Gradient sum;
    for (int t = 0; t < tiles.count(); ++t) {
      Region r = needs(tiles.tile(t));
      if (pooled) r = {r.y0 / 2, (r.y1 + 1) / 2, r.x0 / 2, (r.x1 + 1) / 2};
      for_parts(map, r, [&](Region part) {
        const std::uint64_t n = std::uint64_t{kSamples} * kSteps * l.cout * part.area();
        sum.bits += n / 8;
        sum.values += 2 * (packs ? masks_->count(layer, part) : n);
      });
    }
    return sum;
  }
  std::uint64_t weights(int layer) const { return at(layer).weight_count() * 2; }

  Bytes forward(int layer) const {
    const Layer& l = at(layer);
    Bytes b;
    b[layer == 0 ? "read input" : "read spike"] =
        (l.kind == LayerKind::fc ? 1 : up(l.cout, 16)) * tiled_input(layer);
    if (l.adds >= 0 && !l.adds_potentials) b["read spike"] += bits(l.adds);
    if (l.adds_potentials) b["read potential"] = dense(l.adds);
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
    const std::uint64_t passes = above_conv ? up(above.cin, 64) : 1;
    const Gradient read = gradient(layer + 1, Tiling(above.in_h, above.in_w, TileSpec{}),
                                   [&](Region r) { return fed_by(above, r); });
    Bytes b;
    b["read gradient"] = passes * read.values;
    if (above_conv) b["read gradient_mask"] = passes * read.bits;
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
    std::vector<int> adding = at(layer).added_by;
    for (const int by : at(layer).potentials_added_by) adding.push_back(by);
    for (const int by : adding) {
      const bool packs = conv && context_.compress_gradients;
      b["read gradient"] += packs ? packed(by) : dense(by);
      if (packs) b["read gradient_mask"] += bits(by);
    }
  }

  Bytes weight_gradient(int layer, bool first) const {
    const Layer& l = at(layer);
    const bool packs = l.kind == LayerKind::conv && context_.compress_gradients;
    const bool fc = l.kind == LayerKind::fc;
    const std::uint64_t blocks = fc ? 1 : up(l.cin, glb_.weight_update_channels[layer]);
    const Gradient read =
        gradient(layer, Tiling(l.out_h, l.out_w, TileSpec{}), [](Region r) { return r; });
    Bytes b;
    b[layer == 0 ? "read input" : "read spike"] = (fc ? 1 : up(l.cout, 128)) * tiled_input(layer);
    b["read gradient"] = blocks * read.values;
    if (packs) b["read gradient_mask"] = blocks * read.bits;
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

TEST_F(JobBytes, FollowTheTableWithShortcuts) {
  for (const bool compressed : {false, true}) {
    layers_.clear();
    context_.compress_gradients = compressed;
    network("32C3(Encoding)-32C3-32C3-32C3-48FC-48FC-48FC", {1, 16, 16}, PoolMode::after_soma,
            {{1, 0}, {2, 0}, {3, 1}, {5, 4}, {6, 4}});
    ASSERT_EQ(at(0).added_by.size(), 2U);
    check_all();
    layers_.clear();
    network("32C3(Encoding)-32C3-32C3-48FC-48FC", {1, 16, 16}, PoolMode::after_soma,
            {{1, 0}, {2, 0}, {4, 3}}, true);
    ASSERT_EQ(at(0).potentials_added_by.size(), 2U);
    check_all();
  }
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
  EXPECT_EQ(weight["read gradient"], 2'621'440U);
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
  update.momentum = 0;
  const Bytes plain{{"read weight_gradient", 2 * n},
                    {"read master", 4 * n},
                    {"write master", 4 * n},
                    {"write weight", 4 * n}};
  EXPECT_EQ(moved(*make_update_job(context_, 1, update, 1, copies)), plain);
  update.optimizer = Optimizer::adam;
  const Bytes adam{{"read weight_gradient", 2 * n},
                   {"read master", 12 * n},
                   {"write master", 12 * n},
                   {"write weight", 4 * n}};
  EXPECT_EQ(moved(*make_update_job(context_, 1, update, 1, copies)), adam);
}

}  // namespace
}  // namespace h2
