// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "modules/arithmetic/simd/isa.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "tests/arithmetic/isa_guard.h"
#include "tests/arithmetic/random_case.h"
#include "tests/arithmetic/reference.h"
#include "tests/arithmetic/same_bits.h"

// The three array kernels against the scalar reference, bit for bit, for drawn shapes, arrays,
// densities and magnitudes (up to overflow), on every instruction set.

namespace h2 {
namespace {

struct Case {
  Layer layer;
  ForwardSpec forward;
  WeightUpdateSpec weight_update;
  BackwardSpec backward;
  TileSpec tile;
  Numerics numerics = Numerics::fp16;
  Evaluation evaluation = Evaluation::fast;
  int batch = 1, steps = 1;
  std::vector<float> weights;
  BitMap input;
  ValueMap grad_u;
};

Layer draw_layer(Draw& draw) {
  const int planes = draw.among<int>({1, 1, 3, 8});
  const int cin = draw.integer(1, planes == 1 ? 36 : 7);
  const int cout = draw.integer(1, 20);
  if (draw.with(0.25)) return fc_layer(cin * draw.integer(1, 8), planes, cout);
  const int kernel = draw.among<int>({1, 3, 3, 5});
  const Layer layer = conv_layer(cin, planes, draw.integer(1, 7), draw.integer(1, 7), cout, kernel,
                                 draw.integer(1, 2));
  return draw.with(0.3) ? without_padding(layer) : layer;
}

Case draw_case(Draw& draw) {
  Case c;
  c.layer = draw_layer(draw);
  if (draw.with(0.5)) {
    c.forward.rows = draw.among<int>({1, 5, 16, 33});
    c.forward.sub_luts = draw.integer(1, 4);
    c.forward.sub_lut_inputs = draw.integer(1, 5);
    c.weight_update.rows = draw.integer(1, 12);
    c.weight_update.sub_luts = draw.integer(1, 4);
    c.weight_update.sub_lut_inputs = draw.integer(1, 5);
    c.backward.rows = draw.among<int>({1, 5, 16, 33});
    c.tile = {draw.integer(1, 8), draw.integer(1, 8)};
  }
  c.numerics = draw.with(0.25) ? Numerics::fp32 : Numerics::fp16;
  c.evaluation = draw.among<Evaluation>(
      {Evaluation::fast, Evaluation::fast, Evaluation::table, Evaluation::direct});
  c.steps = draw.integer(1, 12);
  c.batch = draw.integer(1, c.steps > 4 ? 1 : 5);
  const Layer& l = c.layer;
  const float scale = draw.among<float>({0.1F, 1.0F, 3e-4F, 300.0F});
  c.weights = draw.values(l.weight_count(), scale);
  const int input_maps = draw.with(0.2) ? c.batch : c.batch * c.steps;
  c.input =
      draw.bits(input_maps, l.in_h, l.in_w, l.cin_star(), draw.among<double>({0, 0.1, 0.5, 1}));
  c.grad_u = draw.map(c.batch * c.steps, l.out_h, l.out_w, l.cout,
                      draw.among<double>({0, 0.1, 0.5, 1}), scale);
  return c;
}

/// Results of one case, from the kernels or from the reference.
struct Results {
  ValueMap forward, backward;
  std::vector<float> gradient;
};

Results expected_of(const Case& c) {
  return {reference::forward_sums(c.layer, c.forward, c.numerics, c.weights, c.input),
          reference::backward_sums(c.layer, c.backward, c.numerics, c.weights, c.grad_u),
          reference::weight_gradient(c.layer, c.weight_update, c.tile, c.numerics, c.batch, c.steps,
                                     c.input, c.grad_u)};
}

Results results_of(const Case& c) {
  const Layer& l = c.layer;
  Results r{ValueMap(c.input.maps, l.out_h, l.out_w, l.cout),
            ValueMap(c.grad_u.maps, l.in_h, l.in_w, l.cin),
            std::vector<float>(l.weight_count(), -7.0F)};
  ForwardArray forward(l, c.forward, c.numerics, c.evaluation);
  forward.load(c.weights.data(), 0, l.cout);
  forward.run(c.input, {0, l.out_h, 0, l.out_w}, r.forward);
  BackwardArray backward(l, c.backward, c.numerics);
  backward.load(c.weights.data(), 0, l.cin);
  backward.run(c.grad_u, {0, l.in_h, 0, l.in_w}, r.backward);
  const WeightGradientArray gradient(l, c.weight_update, c.tile, c.numerics, c.evaluation);
  gradient.run(c.batch, c.steps, c.input, c.grad_u, 0, l.cout, 0, l.cin, r.gradient.data());
  return r;
}

/// The sums of magnitudes: what rounding errors are measured against.
Results magnitudes_of(Case c) {
  for (float& w : c.weights) w = std::fabs(w);
  for (float& g : c.grad_u.values) g = std::fabs(g);
  return expected_of(c);
}

template <class Floats>
::testing::AssertionResult close(const Floats& actual, const Floats& expected,
                                 const Floats& magnitude) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!(std::fabs(actual[i] - expected[i]) <= 1e-5F * magnitude[i])) {
      return ::testing::AssertionFailure()
             << actual[i] << " instead of " << expected[i] << " at " << i;
    }
  }
  return ::testing::AssertionSuccess();
}

/// fp16 and fp32 through tables: the same bits. fp32 otherwise: the same sums in another order.
void compare(const Case& c) {
  const bool fp16 = c.numerics == Numerics::fp16;
  const bool ordered = fp16 || c.evaluation != Evaluation::fast;
  const Results expected = expected_of(c), magnitude = magnitudes_of(c);
  const auto check = [](bool exact, const auto& actual, const auto& wanted, const auto& scale) {
    return exact ? same_bits(actual, wanted) : close(actual, wanted, scale);
  };
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    const Results actual = results_of(c);
    EXPECT_TRUE(
        check(ordered, actual.forward.values, expected.forward.values, magnitude.forward.values))
        << isa_name(isa) << " forward";
    EXPECT_TRUE(
        check(fp16, actual.backward.values, expected.backward.values, magnitude.backward.values))
        << isa_name(isa) << " backward";
    EXPECT_TRUE(check(ordered, actual.gradient, expected.gradient, magnitude.gradient))
        << isa_name(isa) << " weight gradient";
  }
}

class Arrays : public ::testing::TestWithParam<int> {};

TEST_P(Arrays, MatchTheReferenceOnEveryInstructionSet) {
  for (int i = 0; i < 5; ++i) {
    const int number = GetParam() * 5 + i;
    Draw draw(static_cast<std::uint32_t>(number));
    const Case c = draw_case(draw);
    SCOPED_TRACE(::testing::Message()
                 << "case " << number << ": " << c.layer.name << " cin " << c.layer.cin
                 << " planes " << c.layer.planes << " cout " << c.layer.cout << " kernel "
                 << c.layer.kernel << " stride " << c.layer.stride << " map " << c.layer.in_h << "x"
                 << c.layer.in_w << " batch " << c.batch << " steps " << c.steps);
    compare(c);
  }
}

INSTANTIATE_TEST_SUITE_P(Drawn, Arrays, ::testing::Range(0, 30));

TEST(Arrays, DefaultShapeWithSeveralGridIterations) {
  Draw draw(1);
  Case c;
  c.layer = conv_layer(70, 1, 9, 9, 18, 3, 1);  // two row blocks, four tiles, two lane blocks
  c.batch = 1;
  c.steps = 11;  // two timestep chunks
  c.weights = draw.values(c.layer.weight_count(), 0.3F);
  c.input = draw.bits(11, 9, 9, 70, 0.15);
  c.grad_u = draw.map(11, 9, 9, 18, 0.3, 0.01F);
  compare(c);
}

/// Few gradients, but all channels of some positions: more side by side than a list's copy takes at
/// once, and more in one tree than a batch has room for.
TEST(Arrays, GradientsOfAllChannelsAtAFewPositions) {
  Draw draw(2);
  Case c;
  c.layer = conv_layer(85, 1, 10, 10, 40, 5, 1);  // five and a bit lane blocks, 25 taps
  c.backward.rows = 33;                           // rows of a block take 64 places
  c.weights = draw.values(c.layer.weight_count(), 0.3F);
  c.input = draw.bits(1, 10, 10, 85, 0.15);
  c.grad_u = draw.map(1, 10, 10, 40, 0.02, 0.01F);
  const ValueMap full = draw.map(1, 10, 10, 40, 1, 0.01F);
  for (int y = 1; y < 10; y += 4) {
    for (int x = 1; x < 10; x += 4) {
      std::copy(full.at(0, y, x), full.at(0, y, x) + 40, c.grad_u.at(0, y, x));
    }
  }
  compare(c);
}

/// Zero gradients are left out also where many gradients are not zero: an infinite weight would
/// make a NaN of them.
TEST(Arrays, ManyGradientsLeaveOutInfiniteWeights) {
  Draw draw(3);
  const Layer layer = conv_layer(70, 1, 6, 5, 20, 3, 1);
  auto weights = draw.values(layer.weight_count(), 0.3F);
  weights[layer.weight_count() / 2] = std::numeric_limits<float>::infinity();
  const ValueMap grad_u = draw.map(2, 6, 5, 20, 0.5, 0.01F);
  ValueMap first;
  for (const Isa isa : supported_isas()) {
    const IsaGuard guard(isa_name(isa));
    BackwardArray backward(layer, BackwardSpec{}, Numerics::fp16);
    backward.load(weights.data(), 0, layer.cin);
    ValueMap sums(2, 6, 5, 70);
    backward.run(grad_u, {0, 6, 0, 5}, sums);
    const auto is_nan = [](float sum) { return std::isnan(sum); };
    const auto is_infinite = [](float sum) { return std::isinf(sum); };
    EXPECT_TRUE(std::none_of(sums.values.begin(), sums.values.end(), is_nan)) << isa_name(isa);
    EXPECT_TRUE(std::any_of(sums.values.begin(), sums.values.end(), is_infinite)) << isa_name(isa);
    if (first.values.empty()) first = sums;
    EXPECT_TRUE(same_bits(sums, first)) << isa_name(isa);
  }
}

}  // namespace
}  // namespace h2
