// SPDX-License-Identifier: Apache-2.0
// SATA's sums, bit for bit, against scalar code that gates nothing: leaving out zeros changes none.

#include <gtest/gtest.h>

#include <cstring>

#include "modules/sata/sata_array.h"
#include "modules/sata/sata_spec.h"
#include "tests/arithmetic/random_case.h"
#include "tests/sata/reference.h"

namespace h2 {
namespace {

struct Case {
  Layer layer;
  int batch, steps;
  int height = 1, width = 1;  ///< of the map that a fully connected layer reads
};

Case draw_case(Draw& draw) {
  const int planes = draw.among<int>({1, 1, 3, 8});
  Case c;
  if (draw.with(0.7)) {
    c.layer = conv_layer(draw.integer(1, 20), planes, draw.integer(1, 9), draw.integer(1, 9),
                         draw.integer(1, 40), draw.among<int>({1, 3, 5}), draw.integer(1, 2));
  } else {
    c.height = draw.integer(1, 4);
    c.width = draw.integer(1, 4);
    c.layer = fc_layer(draw.integer(1, 12) * c.height * c.width, planes, draw.integer(1, 40));
  }
  c.batch = draw.integer(1, 3);
  c.steps = draw.integer(1, 4);
  return c;
}

template <class Values>
bool same_bits(const Values& a, const Values& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

BitMap draw_input(Draw& draw, const Case& c, int maps) {
  const Layer& l = c.layer;
  return draw.bits(maps, l.in_h, l.in_w, l.cin_star(), draw.among<double>({0.05, 0.3, 1.0}));
}

ValueMap draw_gradient(Draw& draw, const Case& c) {
  const Layer& l = c.layer;
  return draw.map(c.batch * c.steps, l.out_h, l.out_w, l.cout, draw.among<double>({0.2, 0.7, 1.0}),
                  draw.among<float>({1e-6F, 0.02F, 30.0F}));
}

class SataArithmetic : public ::testing::TestWithParam<Numerics> {};

TEST_P(SataArithmetic, ForwardSums) {
  for (int n = 0; n < 40; ++n) {
    SCOPED_TRACE(n);
    Draw draw(1000 + n);
    const Case c = draw_case(draw);
    const Layer& l = c.layer;
    const auto weights = draw.values(l.weight_count(), 0.5F);
    const BitMap input = draw_input(draw, c, c.batch * c.steps);
    const ValueMap expected = sata_reference::forward_sums(l, GetParam(), weights, input);
    ValueMap sums(input.maps, l.out_h, l.out_w, l.cout);
    SataForward array(l, GetParam());
    const int cut = draw.integer(0, l.cout), row = draw.integer(0, l.out_h);
    for (const auto& [k0, k1] : {std::pair<int, int>{0, cut}, {cut, l.cout}}) {
      if (k0 == k1) continue;
      array.load(weights.data(), k0, k1);
      array.run(input, {0, row, 0, l.out_w}, sums);
      array.run(input, {row, l.out_h, 0, l.out_w}, sums);
    }
    EXPECT_TRUE(same_bits(sums.values, expected.values));
  }
}

TEST_P(SataArithmetic, BackwardSums) {
  for (int n = 0; n < 40; ++n) {
    SCOPED_TRACE(n);
    Draw draw(2000 + n);
    const Case c = draw_case(draw);
    const Layer& l = c.layer;
    const bool fully = l.kind == LayerKind::fc;
    const int height = fully ? c.height : l.in_h, width = fully ? c.width : l.in_w;
    const auto weights = draw.values(l.weight_count(), 0.5F);
    const ValueMap grad_u = draw_gradient(draw, c);
    const ValueMap expected =
        sata_reference::backward_sums(l, height, width, GetParam(), weights, grad_u);
    ValueMap sums = ValueMap::raw(grad_u.maps, height, width, expected.channels);
    SataBackward array(l, height, width, GetParam());
    const int cut = draw.integer(0, expected.channels), column = draw.integer(0, width);
    for (const auto& [c0, c1] : {std::pair<int, int>{0, cut}, {cut, expected.channels}}) {
      if (c0 == c1) continue;
      array.load(weights.data(), c0, c1);
      array.run(grad_u, {0, height, 0, column}, sums);
      array.run(grad_u, {0, height, column, width}, sums);
    }
    EXPECT_TRUE(same_bits(sums.values, expected.values));
  }
}

TEST_P(SataArithmetic, WeightGradients) {
  for (int n = 0; n < 40; ++n) {
    SCOPED_TRACE(n);
    Draw draw(3000 + n);
    const Case c = draw_case(draw);
    const Layer& l = c.layer;
    const bool still = draw.with(0.3);  // pixels that do not change with time
    const BitMap input = draw_input(draw, c, still ? c.batch : c.batch * c.steps);
    const ValueMap grad_u = draw_gradient(draw, c);
    const std::vector<float> expected =
        sata_reference::weight_gradient(l, GetParam(), c.batch, c.steps, input, grad_u);
    std::vector<float> found(expected.size());
    const SataWeightGradient array(l, GetParam());
    const int k = draw.integer(0, l.cout), i = draw.integer(0, l.cin);
    for (const SataWeightGradient::Part& part : {SataWeightGradient::Part{0, k, 0, i},
                                                 {0, k, i, l.cin},
                                                 {k, l.cout, 0, i},
                                                 {k, l.cout, i, l.cin}}) {
      if (part.k0 == part.k1 || part.c0 == part.c1) continue;
      array.run(input, grad_u, c.batch, c.steps, part, found.data());
    }
    EXPECT_TRUE(same_bits(found, expected));
  }
}

INSTANTIATE_TEST_SUITE_P(Numerics, SataArithmetic,
                         ::testing::Values(Numerics::fp16, Numerics::fp32), [](const auto& info) {
                           return info.param == Numerics::fp16 ? "fp16" : "fp32";
                         });

// The decay unit shifts with four more bits than FP16 has and rounds once: the same as a product
// with 0.9375, for all numbers.
TEST(SataDecay, ShiftAndSubtractIsTheProduct) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const float x = from_fp16(static_cast<std::uint16_t>(bits));
    if (x != x || x - x != 0) continue;
    const double shifted = static_cast<double>(x) - static_cast<double>(x) / 16;  // exact
    const float rounded = round_fp16(static_cast<float>(shifted));
    EXPECT_EQ(rounded, round_fp16(kSataAlpha * x)) << bits;
  }
}

}  // namespace
}  // namespace h2
