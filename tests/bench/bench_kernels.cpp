// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "modules/arithmetic/simd/isa.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "modules/network/tiling.h"
#include "tests/arithmetic/random_case.h"

// Dense-equivalent throughput of the three array kernels, called as the engines call them: per
// output-channel block and tile. Layer 256->256, 3x3, 14x14; batch 4, 10 timesteps.

namespace h2 {
namespace {

constexpr int kBatch = 4, kSteps = 10, kMaps = kBatch * kSteps;

Layer layer() { return conv_layer(256, 1, 14, 14, 256, 3, 1); }

Numerics numerics(const benchmark::State& state) {
  return state.range(0) == 16 ? Numerics::fp16 : Numerics::fp32;
}

double percent(const benchmark::State& state) { return state.range(1) / 100.0; }

void report(benchmark::State& state) {
  const double macs = static_cast<double>(layer().macs()) * kMaps;
  state.counters["GMAC/s"] =
      benchmark::Counter(macs * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(isa_name(selected_isa()));
}

void forward(benchmark::State& state) {
  Draw draw(1);
  const Layer l = layer();
  const auto weights = draw.values(l.weight_count(), 0.1F);
  const BitMap input = draw.bits(kMaps, l.in_h, l.in_w, l.cin, percent(state));
  const Tiling tiling(l.out_h, l.out_w, TileSpec{});
  ForwardArray kernel(l, ForwardSpec{}, numerics(state));
  ValueMap sums(kMaps, l.out_h, l.out_w, 16);
  for (auto _ : state) {
    std::vector<ForwardArray::Input> tiles;
    for (int i = 0; i < tiling.count(); ++i) tiles.push_back(kernel.prepare(input, tiling.tile(i)));
    for (int co = 0; co < l.cout; co += 16) {
      kernel.load(weights.data(), co, 16);
      for (const auto& tile : tiles) kernel.run(tile, sums);
    }
    benchmark::DoNotOptimize(sums.values.data());
  }
  report(state);
}

void backward(benchmark::State& state) {
  Draw draw(2);
  const Layer l = layer();
  const auto weights = draw.values(l.weight_count(), 0.1F);
  const ValueMap grad_u = draw.map(kMaps, l.out_h, l.out_w, l.cout, 1.0 - percent(state), 0.01F);
  const Tiling tiling(l.in_h, l.in_w, TileSpec{});
  BackwardArray kernel(l, BackwardSpec{}, numerics(state));
  ValueMap sums(kMaps, l.in_h, l.in_w, 64);
  for (auto _ : state) {
    std::vector<BackwardArray::Input> tiles;
    for (int i = 0; i < tiling.count(); ++i)
      tiles.push_back(kernel.prepare(grad_u, tiling.tile(i)));
    for (int ci = 0; ci < l.cin; ci += 64) {
      kernel.load(weights.data(), ci, 64);
      for (const auto& tile : tiles) kernel.run(tile, sums);
    }
    benchmark::DoNotOptimize(sums.values.data());
  }
  report(state);
}

void weight_gradient(benchmark::State& state) {
  Draw draw(3);
  const Layer l = layer();
  const BitMap input = draw.bits(kMaps, l.in_h, l.in_w, l.cin, 0.15);
  const ValueMap grad_u = draw.map(kMaps, l.out_h, l.out_w, l.cout, 1.0 - percent(state), 0.01F);
  const WeightGradientArray kernel(l, WeightUpdateSpec{}, TileSpec{}, numerics(state));
  std::vector<float> gradient(l.weight_count());
  for (auto _ : state) {
    for (int co = 0; co < l.cout; co += 128) {
      kernel.run(kBatch, kSteps, input, grad_u, co, 128, 0, l.cin, gradient.data());
    }
    benchmark::DoNotOptimize(gradient.data());
  }
  report(state);
}

// Arguments: numerics; spike density or zeros among the gradients, in percent.
BENCHMARK(forward)
    ->ArgsProduct({{16, 32}, {5, 15, 50}})
    ->ArgNames({"fp", "spikes"})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(backward)
    ->ArgsProduct({{16, 32}, {98, 90, 50, 0}})
    ->ArgNames({"fp", "zeros"})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(weight_gradient)
    ->ArgsProduct({{16, 32}, {98, 90, 0}})
    ->ArgNames({"fp", "zeros"})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace h2
