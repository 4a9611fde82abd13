// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "modules/arithmetic/simd/isa.h"
#include "modules/base/error.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "tests/arithmetic/isa_guard.h"
#include "tests/arithmetic/random_case.h"
#include "tests/arithmetic/same_bits.h"

namespace h2 {
namespace {

constexpr int kMaps = 6;  // 2 samples, 3 timesteps

struct Operands {
  Layer layer = conv_layer(37, 1, 11, 9, 35, 3, 1);
  std::vector<float> weights;
  BitMap input;
  ValueMap grad_u;

  Operands() {
    Draw draw(5);
    weights = draw.values(layer.weight_count(), 0.5F);
    input = draw.bits(kMaps, layer.in_h, layer.in_w, layer.cin, 0.3);
    grad_u = draw.map(kMaps, layer.out_h, layer.out_w, layer.cout, 0.2, 0.01F);
  }
  Region whole() const { return {0, layer.in_h, 0, layer.in_w}; }
  ValueMap forward(Evaluation evaluation = Evaluation::table) const {
    ForwardArray kernel(layer, {}, Numerics::fp16, evaluation);
    kernel.load(weights.data(), 0, layer.cout);
    ValueMap sums(kMaps, layer.out_h, layer.out_w, layer.cout);
    kernel.run(input, whole(), sums);
    return sums;
  }
  ValueMap backward(const ValueMap& gradient) const {
    BackwardArray kernel(layer, {}, Numerics::fp16);
    kernel.load(weights.data(), 0, layer.cin);
    ValueMap sums(kMaps, layer.in_h, layer.in_w, layer.cin);
    kernel.run(gradient, whole(), sums);
    return sums;
  }
  std::vector<float> weight_gradient(const ValueMap& gradient) const {
    const WeightGradientArray kernel(layer, {}, {}, Numerics::fp16);
    std::vector<float> oihw(layer.weight_count());
    kernel.run(2, 3, input, gradient, 0, layer.cout, 0, layer.cin, oihw.data());
    return oihw;
  }
};

TEST(KernelProperties, TablesAndDirectEvaluationAgree) {
  const Operands o;
  EXPECT_TRUE(same_bits(o.forward(Evaluation::direct), o.forward(Evaluation::table)));
}

TEST(KernelProperties, ForwardRegionsAndChannelBlocksComposeTheWholeMap) {
  const Operands o;
  const ValueMap whole = o.forward();
  const Tiling tiling(o.layer.out_h, o.layer.out_w, {4, 5});
  ForwardArray kernel(o.layer, {}, Numerics::fp16);
  for (int co = 0; co < o.layer.cout; co += 16) {
    const int count = std::min(16, o.layer.cout - co);
    kernel.load(o.weights.data(), co, count);
    ValueMap part(kMaps, o.layer.out_h, o.layer.out_w, count);
    for (int i = tiling.count() - 1; i >= 0; --i) kernel.run(o.input, tiling.tile(i), part);
    ValueMap expected = part;
    for (int m = 0; m < kMaps * o.layer.out_h * o.layer.out_w; ++m) {
      const auto from = whole.values.begin() + m * o.layer.cout + co;
      std::copy(from, from + count, expected.values.begin() + m * count);
    }
    EXPECT_TRUE(same_bits(part, expected)) << "channels from " << co;
  }
}

TEST(KernelProperties, ForwardLeavesOtherPositionsAlone) {
  const Operands o;
  ForwardArray kernel(o.layer, {}, Numerics::fp16);
  kernel.load(o.weights.data(), 0, 16);
  ValueMap sums(kMaps, o.layer.out_h, o.layer.out_w, 16);
  std::fill(sums.values.begin(), sums.values.end(), -3.0F);
  kernel.run(o.input, {2, 4, 1, 3}, sums);
  EXPECT_EQ(std::count(sums.values.begin(), sums.values.end(), -3.0F),
            kMaps * 16 * (o.layer.out_h * o.layer.out_w - 4));
}

TEST(KernelProperties, BackwardRegionsComposeTheWholeMap) {
  const Operands o;
  const Tiling tiling(o.layer.in_h, o.layer.in_w, {4, 5});
  BackwardArray kernel(o.layer, {}, Numerics::fp16);
  kernel.load(o.weights.data(), 0, o.layer.cin);
  ValueMap sums(kMaps, o.layer.in_h, o.layer.in_w, o.layer.cin);
  for (int i = tiling.count() - 1; i >= 0; --i) kernel.run(o.grad_u, tiling.tile(i), sums);
  EXPECT_TRUE(same_bits(sums, o.backward(o.grad_u)));
}

TEST(KernelProperties, WeightGradientRangesComposeTheWhole) {
  const Operands o;
  const WeightGradientArray kernel(o.layer, {}, {}, Numerics::fp16);
  std::vector<float> parts(o.layer.weight_count(), -7.0F);
  for (int co = 0; co < o.layer.cout; co += 20) {
    for (int ci = 0; ci < o.layer.cin; ci += 11) {
      kernel.run(2, 3, o.input, o.grad_u, co, std::min(20, o.layer.cout - co), ci,
                 std::min(11, o.layer.cin - ci), parts.data());
    }
  }
  EXPECT_TRUE(same_bits(parts, o.weight_gradient(o.grad_u)));
}

TEST(KernelProperties, SignOfZeroGradientsDoesNotMatter) {
  const Operands o;
  ValueMap positive = o.grad_u, negative = o.grad_u;
  for (float& v : positive.values) v = v == 0.0F ? 0.0F : v;
  for (float& v : negative.values) v = v == 0.0F ? -0.0F : v;
  EXPECT_TRUE(same_bits(o.backward(positive), o.backward(negative)));
  EXPECT_TRUE(same_bits(o.weight_gradient(positive), o.weight_gradient(negative)));
}

TEST(KernelProperties, AFlippedTableBitReachesTheSumsThatReadTheEntry) {
  Operands o;
  for (std::uint16_t& word : o.input.bits) word = 0;
  for (int x = 0; x < 3; ++x) o.input.set(4, 5, 3 + x, 21, true);  // entry 7 of row 1's table
  ForwardArray kernel(o.layer, {}, Numerics::fp16);
  kernel.load(o.weights.data(), 0, 20);
  ValueMap clean(kMaps, o.layer.out_h, o.layer.out_w, 20), faulty = clean;
  kernel.run(o.input, o.whole(), clean);
  kernel.corrupt(17, 21, 1, 7, 15);
  kernel.run(o.input, o.whole(), faulty);
  for (int i = 0; i < static_cast<int>(clean.values.size()); ++i) {
    const int at = ((4 * o.layer.out_h + 5) * o.layer.out_w + 4) * 20 + 17;
    EXPECT_EQ(faulty.values[i], i == at ? -clean.values[i] : clean.values[i]) << i;
  }
  EXPECT_NE(clean.at(4, 5, 4)[17], 0.0F);
  kernel.load(o.weights.data(), 0, 20);
  kernel.run(o.input, o.whole(), faulty);
  EXPECT_TRUE(same_bits(faulty, clean)) << "load() renews the tables";
}

TEST(KernelProperties, AFaultInEntryZeroActsWithoutAnySpike) {
  Operands o;
  for (std::uint16_t& word : o.input.bits) word = 0;
  ForwardArray kernel(o.layer, {}, Numerics::fp16);
  kernel.load(o.weights.data(), 0, 16);
  kernel.corrupt(3, 36, 2, 0, 14);  // +0 becomes 2.0
  ValueMap sums(kMaps, o.layer.out_h, o.layer.out_w, 16);
  kernel.run(o.input, o.whole(), sums);
  for (int i = 0; i < static_cast<int>(sums.values.size()); ++i) {
    EXPECT_EQ(sums.values[i], i % 16 == 3 ? 2.0F : 0.0F);
  }
}

TEST(KernelProperties, FaultOutsideTheTablesIsRefused) {
  const Operands o;
  ForwardArray kernel(o.layer, {}, Numerics::fp16);
  kernel.load(o.weights.data(), 0, 16);
  EXPECT_THROW(kernel.corrupt(16, 0, 0, 0, 0), InputError);
  EXPECT_THROW(kernel.corrupt(0, 37, 0, 0, 0), InputError);
  EXPECT_THROW(kernel.corrupt(0, 0, 3, 0, 0), InputError);
  EXPECT_THROW(kernel.corrupt(0, 0, 0, 8, 0), InputError);
  EXPECT_THROW(kernel.corrupt(0, 0, 0, 0, 16), InputError);
  ForwardArray direct(o.layer, {}, Numerics::fp16, Evaluation::direct);
  direct.load(o.weights.data(), 0, 16);
  EXPECT_THROW(direct.corrupt(0, 0, 0, 0, 0), InputError);
}

TEST(KernelProperties, AccumulationRoundsUnderFp16Only) {
  const std::vector<float> add(19, 1.0F);
  std::vector<float> half(19, 2048.0F), full(19, 2048.0F);
  selected_ops(Numerics::fp16).add(add.data(), half.data(), half.size());
  selected_ops(Numerics::fp32).add(add.data(), full.data(), full.size());
  EXPECT_EQ(half, std::vector<float>(19, 2048.0F));
  EXPECT_EQ(full, std::vector<float>(19, 2049.0F));
}

TEST(KernelProperties, ListsNameEveryNonZeroAtAnyDensity) {
  constexpr int kCount = 37;
  Draw draw(11);
  for (const double density : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    const ValueMap map = draw.map(1, 1, 1, kCount, density, 1.0F);
    std::vector<std::uint16_t> words(3, 0);
    std::vector<std::uint32_t> places;
    for (int c = 0; c < kCount; ++c) {
      if (map.values[c] == 0.0F) continue;
      words[c / 16] = static_cast<std::uint16_t>(words[c / 16] | 1U << c % 16);
      places.push_back(100 + c);
    }
    for (const Isa isa : supported_isas()) {
      const IsaGuard guard(isa_name(isa));
      const VectorOps& core = selected_ops(Numerics::fp32);
      std::vector<std::uint32_t> ones(kCount + kLanes);
      ones.resize(core.list_ones(words.data(), 3, 100, ones.data()) - ones.data());
      EXPECT_EQ(ones, places) << isa_name(isa);
      std::vector<Term> terms(kCount + kLanes);
      terms.resize(core.list_nonzeros(map.values.data(), kCount, 100, terms.data()) - terms.data());
      ASSERT_EQ(terms.size(), places.size()) << isa_name(isa);
      for (std::size_t i = 0; i < terms.size(); ++i) {
        EXPECT_EQ(terms[i].row, places[i]) << isa_name(isa);
        EXPECT_EQ(terms[i].value, map.values[places[i] - 100]) << isa_name(isa);
      }
    }
  }
}

TEST(KernelProperties, SubLutWidthIsChecked) {
  ForwardSpec forward;
  forward.sub_lut_inputs = 9;
  EXPECT_THROW(ForwardArray(conv_layer(1, 1, 3, 3, 1, 3, 1), forward, Numerics::fp16), InputError);
  WeightUpdateSpec update;
  update.sub_lut_inputs = 0;
  EXPECT_THROW(WeightGradientArray(conv_layer(1, 1, 3, 3, 1, 3, 1), update, {}, Numerics::fp16),
               InputError);
}

TEST(InstructionSets, EnvironmentChoosesAndRefuses) {
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    EXPECT_EQ(selected_isa(), isa);
  }
  EXPECT_EQ(selected_isa(), supported_isas().back());
  const IsaGuard guard("neon");
  try {
    selected_isa();
    FAIL() << "an unknown instruction set was accepted";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("H2_ISA"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("plain"), std::string::npos);
  }
}

}  // namespace
}  // namespace h2
