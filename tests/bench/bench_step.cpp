// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "modules/arithmetic/neuron.h"
#include "modules/arithmetic/simd/isa.h"
#include "modules/base/error.h"
#include "modules/h2learn/backward/backward_array.h"
#include "modules/h2learn/forward/forward_array.h"
#include "modules/h2learn/weight_update/weight_gradient_array.h"
#include "modules/network/tiling.h"
#include "platform/config/load.h"
#include "tests/bench/step_operands.h"

// Seconds of one training step of a network by the kernels alone: forward with Soma and pooling,
// backward with Grad, weight gradient, called per block of channels and tile as the engines call
// them. As on the board, the phases of successive sub-batches overlap: threads share a queue.

namespace h2 {
namespace {

constexpr char kUsage[] =
    "usage: bench_step CONFIG.yaml [--init | --drawn SPIKES GRADIENTS] [--threads N]\n"
    "                  [--repeat N] [--set key=value]...\n"
    "densities in 0..1; prints one JSON object\n";

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;  // of all threads
}

std::int64_t thread_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * std::int64_t{1000000000} + time.tv_nsec;
}

class Step {
 public:
  /// As on the board, what the kernels need of an operand is prepared once per layer; with more
  /// threads, twice, so that they have enough to share.
  Step(const Config& config, const StepDensities& densities, int threads)
      : config_(config), operands_(step_operands(config, densities)), parts_(threads > 1 ? 2 : 1) {
    for (std::size_t l = 0; l < operands_.size(); ++l) {
      gradients_.emplace_back(config.network.layers[l].weight_count());
      add_layer(static_cast<int>(l));
    }
  }

  struct Times {
    double wall = 0, cpu = 0;  ///< of the step; processor time of all threads
    double phase[3] = {};      ///< processor time in forward, backward, weight gradient
  };

  Times run(int threads) const {
    std::atomic<std::size_t> next{0};
    std::atomic<std::int64_t> spent[3] = {};
    const auto work = [&] {
      for (std::size_t i = next++; i < tasks_.size(); i = next++) {
        const std::int64_t start = thread_nanoseconds();
        tasks_[i].run();
        spent[tasks_[i].phase] += thread_nanoseconds() - start;
      }
    };
    Times times;
    const double cpu = processor_seconds();
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> helpers;
    for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
    for (std::thread& helper : helpers) helper.join();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    times.wall = elapsed.count();
    times.cpu = processor_seconds() - cpu;
    for (int p = 0; p < 3; ++p) times.phase[p] = static_cast<double>(spent[p]) * 1e-9;
    return times;
  }

  double gradient_density() const {
    std::size_t set = 0, all = 0;
    for (const LayerOperands& o : operands_) {
      for (const float g : o.grad_u.values) set += g != 0.0F ? 1 : 0;
      all += o.grad_u.values.size();
    }
    return static_cast<double>(set) / static_cast<double>(all);
  }
  double spike_density() const {
    std::size_t set = 0, all = 0;
    for (const LayerOperands& o : operands_) {
      for (const std::uint16_t word : o.spikes.bits) set += __builtin_popcount(word);
      all += o.u.values.size();
    }
    return static_cast<double>(set) / static_cast<double>(all);
  }

 private:
  struct Task {
    int phase;
    std::function<void()> run;
  };

  /// Channels that one task computes, pass by pass.
  struct Share {
    int begin, end, pass;
  };

  int maps() const { return config_.training.sub_batch * config_.network.timesteps; }

  template <class Add>
  static void divide(int channels, int pass, int parts, Add add) {
    const int passes = (channels + pass - 1) / pass;
    const int each = (passes + parts - 1) / parts * pass;
    for (int c = 0; c < channels; c += each) add(Share{c, std::min(c + each, channels), pass});
  }

  void add_layer(int l) {
    const Layer& layer = config_.network.layers[l];
    const Machine& machine = config_.machine;
    divide(layer.cout, machine.forward.cols, parts_, [&](Share s) {
      tasks_.push_back({0, [=] { forward(l, s); }});
    });
    if (l > 0) {
      divide(layer.cin, machine.backward.cols, parts_, [&](Share s) {
        tasks_.push_back({1, [=] { backward(l, s); }});
      });
    }
    tasks_.push_back({1, [=] { grad_below(l); }});
    divide(layer.cout, machine.weight_update.cols, layer.cout, [&](Share s) {
      tasks_.push_back({2, [=] { weight_gradient(l, s); }});
    });
  }

  void forward(int l, Share share) const {
    const Layer& layer = config_.network.layers[l];
    ForwardArray kernel(layer, config_.machine.forward, config_.machine.numerics);
    const Tiling tiling(layer.out_h, layer.out_w, config_.machine.tile);
    std::vector<ForwardArray::Input> tiles;
    for (int t = 0; t < tiling.count(); ++t) {
      tiles.push_back(kernel.prepare(operands_[l].input, tiling.tile(t)));
    }
    for (int co = share.begin; co < share.end; co += share.pass) {
      const int count = std::min(share.pass, share.end - co);
      kernel.load(operands_[l].weights.data(), co, count);
      ValueMap sums = ValueMap::raw(operands_[l].input.maps, layer.out_h, layer.out_w, count);
      for (const ForwardArray::Input& tile : tiles) kernel.run(tile, sums);
      fire(layer, std::move(sums));
    }
  }

  void fire(const Layer& layer, ValueMap sums) const {
    const int count = sums.channels;
    const Numerics numerics = config_.machine.numerics;
    const Region region{0, layer.soma_h, 0, layer.soma_w};
    if (layer.pool == PoolMode::before_soma) {
      ValueMap pooled(sums.maps, layer.soma_h, layer.soma_w, count);
      pool_potentials(numerics, sums, region, 0, count, pooled);
      sums = std::move(pooled);
    }
    ValueMap u = ValueMap::raw(maps(), layer.soma_h, layer.soma_w, count);
    BitMap spikes(maps(), layer.soma_h, layer.soma_w, count), mask = spikes;
    soma(layer.neuron, numerics, config_.training.sub_batch, config_.network.timesteps, sums,
         region, 0, count, u, spikes, mask);
    if (layer.pool != PoolMode::after_soma) return;
    BitMap planes(maps(), layer.next_h, layer.next_w, 3 * count);
    pool_spikes(spikes, {0, layer.next_h, 0, layer.next_w}, 0, count, planes);
  }

  void backward(int l, Share share) const {
    const Layer& layer = config_.network.layers[l];
    BackwardArray kernel(layer, config_.machine.backward, config_.machine.numerics);
    const Tiling tiling(layer.in_h, layer.in_w, config_.machine.tile);
    std::vector<BackwardArray::Input> tiles;
    for (int t = 0; t < tiling.count(); ++t) {
      tiles.push_back(kernel.prepare(operands_[l].grad_u, tiling.tile(t)));
    }
    for (int ci = share.begin; ci < share.end; ci += share.pass) {
      const int count = std::min(share.pass, share.end - ci);
      kernel.load(operands_[l].weights.data(), ci, count);
      ValueMap sums = ValueMap::raw(maps(), layer.in_h, layer.in_w, count);
      for (const BackwardArray::Input& tile : tiles) kernel.run(tile, sums);
    }
  }

  void grad_below(int l) const {
    const Layer& layer = config_.network.layers[l];
    const LayerOperands& o = operands_[l];
    const ValueMap spatial(maps(), layer.next_h, layer.next_w, layer.cout);
    ValueMap grad_u = ValueMap::raw(maps(), layer.soma_h, layer.soma_w, layer.cout);
    BitMap nonzero(maps(), layer.soma_h, layer.soma_w, layer.cout);
    grad(layer.neuron, config_.machine.numerics, layer.pool, config_.training.sub_batch,
         config_.network.timesteps, spatial, o.u, o.spikes, o.mask,
         {0, layer.soma_h, 0, layer.soma_w}, 0, layer.cout, grad_u, nonzero);
  }

  void weight_gradient(int l, Share share) const {
    const Layer& layer = config_.network.layers[l];
    const LayerOperands& o = operands_[l];
    const Machine& machine = config_.machine;
    const WeightGradientArray kernel(layer, machine.weight_update, machine.tile, machine.numerics);
    kernel.run(config_.training.sub_batch, config_.network.timesteps, o.input, o.grad_u,
               share.begin, share.end - share.begin, 0, layer.cin, gradients_[l].data());
  }

  const Config& config_;
  std::vector<LayerOperands> operands_;
  int parts_;                                          // of a layer's passes, forward and backward
  mutable std::vector<std::vector<float>> gradients_;  // written by the tasks, each its channels
  std::vector<Task> tasks_;
};

struct Options {
  std::string config;
  StepDensities densities;
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  int repeat = 3;
  std::vector<Override> sets;
};

Options parse(const std::vector<std::string>& args) {
  Options options;
  std::size_t i = 0;
  const auto value = [&]() -> const std::string& {
    if (++i >= args.size()) throw InputError(args[i - 1] + " needs a value");
    return args[i];
  };
  for (; i < args.size(); ++i) {
    if (args[i] == "--init") {
      options.densities.drawn = false;
    } else if (args[i] == "--drawn") {
      options.densities.spikes = std::stod(value());
      options.densities.gradients = std::stod(value());
    } else if (args[i] == "--threads") {
      options.threads = std::stoi(value());
    } else if (args[i] == "--repeat") {
      options.repeat = std::stoi(value());
    } else if (args[i] == "--set") {
      const std::string& set = value();
      options.sets.push_back({set.substr(0, set.find('=')), set.substr(set.find('=') + 1)});
    } else if (options.config.empty() && args[i][0] != '-') {
      options.config = args[i];
    } else {
      throw InputError("unexpected argument " + args[i]);
    }
  }
  if (options.config.empty()) throw InputError("no configuration given");
  return options;
}

void run(const Options& options) {
  const std::string isa = isa_name(selected_isa());  // throws before any thread exists
  const Config config = load_config(options.config, options.sets);
  const Step step(config, options.densities, options.threads);
  Step::Times best = step.run(options.threads);
  for (int i = 1; i < options.repeat; ++i) {
    const Step::Times times = step.run(options.threads);
    if (times.cpu < best.cpu) best = times;
  }
  std::printf(
      "{\"seconds\": %.6f, \"cpu_seconds\": %.6f, \"forward\": %.6f, \"backward\": %.6f, "
      "\"weight_gradient\": %.6f, \"spike_density\": %.4f, \"gradient_density\": %.4f, "
      "\"threads\": %d, \"isa\": \"%s\"}\n",
      best.wall, best.cpu, best.phase[0], best.phase[1], best.phase[2], step.spike_density(),
      step.gradient_density(), options.threads, isa.c_str());
}

}  // namespace
}  // namespace h2

int main(int argc, char** argv) {
  try {
    h2::run(h2::parse({argv + 1, argv + argc}));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_step: %s\n%s", error.what(), h2::kUsage);
    return 2;
  }
}
