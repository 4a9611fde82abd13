// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "modules/base/error.h"
#include "modules/h2learn/schedule.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/estimate.h"
#include "platform/host/profile.h"
#include "tests/platform/simulation.h"
#include "tests/platform/traffic_counters.h"

// Options of the dataflow: what the engines do is what was planned, and results stay the same.

namespace h2 {
namespace {

/// Several passes, tiles and stored blocks on small arrays.
const Sets kSmallArrays{{"network.layers", "8C3(Encoding)-40C3-AP2-72C3-24C3S2-10FC"},
                        {"engines.backward.rows", "8"},
                        {"engines.backward.cols", "16"},
                        {"tile.height", "4"},
                        {"tile.width", "4"},
                        {"dataset.train_limit", "4"},
                        {"dataset.test_limit", "2"}};

Sets with(Sets sets, const Sets& more) {
  sets.insert(sets.end(), more.begin(), more.end());
  return sets;
}

std::string weights_after_training(const Sets& sets) {
  const std::string summary = train(tiny_config(with(kSmallArrays, sets))).summary;
  const std::string name = "\"weights_sha256\": \"";
  return summary.substr(summary.find(name) + name.size(), 64);
}

TEST(Dataflow, NeverChangesResults) {
  for (const char* pool : {"after_soma", "before_soma"}) {
    for (const char* numerics : {"fp16", "fp32"}) {
      const Sets base{{"network.pool", pool}, {"numerics", numerics}};
      const std::string expected = weights_after_training(base);
      for (const Sets& options : {
               Sets{{"dataflow.backward", "auto"}},
               Sets{{"dataflow.backward", "auto"}, {"dataflow.psum_copies", "1"}},
               Sets{{"dataflow.backward", "auto"}, {"glb.backward.bytes", "72000"}},
               Sets{{"dataflow.backward", "auto"}, {"glb.backward.bytes", "90000"}},
               Sets{{"dataflow.backward", "auto"}, {"memory.compress_gradients", "true"}},
               Sets{{"dataflow.backward", "auto"}, {"dataflow.halo", "free"}},
               Sets{{"dataflow.halo", "free"}, {"training.update", "separate"}},
               Sets{{"dataflow.psum_copies", "2"}},
           }) {
        EXPECT_EQ(weights_after_training(with(base, options)), expected)
            << pool << " " << numerics << " " << options.front().path << " " << options.back().path;
      }
    }
  }
}

/// Groups of three and less, sub-batches of two and one, several passes of the array.
TEST(Dataflow, GroupedGradientsHaveTheSameBits) {
  for (const char* numerics : {"fp16", "fp32"}) {
    for (const char* layers : {"8C3(Encoding)-AP2-40FC-10FC", "8C3(Encoding)-24C3-150FC-10FC"}) {
      for (const char* bytes : {"2748416", "60000"}) {
        SCOPED_TRACE(std::string(numerics) + " " + layers + " " + bytes);
        const Sets base{{"network.layers", layers},         {"numerics", numerics},
                        {"glb.weight_update.bytes", bytes}, {"engines.weight_update.cols", "32"},
                        {"dataset.train_limit", "9"},       {"dataset.test_limit", "2"},
                        {"training.batch_group", "3"}};
        const TrainingRun each = train(tiny_config(base));
        const TrainingRun once =
            train(tiny_config(with(base, {{"dataflow.fc_weight_gradient", "per_group"}})));
        EXPECT_EQ(once.record.weights, each.record.weights);
        EXPECT_EQ(once.record.loss, each.record.loss);
        const auto written = [](const TrainingRun& run) {
          const auto kind = static_cast<std::size_t>(TensorKind::weight_gradient);
          return run.record.trained().memories[2].written_by_kind[kind];
        };
        EXPECT_LT(written(once), written(each));
      }
    }
  }
}

/// What a group's weight gradients of the fully connected layers move is what was planned.
TEST(Dataflow, GroupedGradientsMoveWhatWasPlanned) {
  const Config config = tiny_config({{"network.layers", "8C3(Encoding)-AP2-300FC-10FC"},
                                     {"training.batch_group", "4"},
                                     {"profile.sub_batches", "4"},
                                     {"glb.weight_update.bytes", "100000"},
                                     {"dataflow.fc_weight_gradient", "per_group"}});
  Platform::Options options;
  options.masks = drawn_masks(config);
  Bench bench(config, options);
  RunRecord record;
  Profile program(config, bench.platform, record);
  bench.run([&](HostCpu& host) { program(host); });
  std::map<int, std::uint64_t> moved, cycles;
  std::uint64_t all = 0;
  for (const LayerRecord& r : record.jobs) {
    all += r.job.bytes;
    if (r.opcode != H2_OP_WEIGHT_GRADIENT || r.job.layer_index == 0) continue;
    moved[r.job.layer_index] += r.job.bytes;
    cycles[r.job.layer_index] += r.job.compute_cycles;
  }
  expect_conserved(engine_traffic(bench.platform, all));
  ASSERT_EQ(moved.size(), 2U);
  for (const JobEstimate& job : estimate_sub_batch(config, place_network(config)).jobs) {
    if (job.engine != H2LearnSchedule::kWeightUpdateEngine || job.layer == 0) continue;
    EXPECT_TRUE(job.grouped);
    EXPECT_EQ(job.bytes, moved[job.layer] / 4);
    EXPECT_EQ(job.cycles, cycles[job.layer] / 4);
  }
}

std::uint64_t operand_bytes(const JobEstimate& job) {
  std::uint64_t sum = 0;
  for (const TensorKind kind :
       {TensorKind::gradient, TensorKind::gradient_mask, TensorKind::weight}) {
    sum += job.loads[static_cast<std::size_t>(kind)];
  }
  return sum;
}

struct Moved {
  std::map<int, std::uint64_t> backward;  ///< by layer
  std::uint64_t jobs = 0;
};

/// Bytes of the second sub-batch's jobs as the engines counted them; the memories' sums agree.
Moved simulate(const Config& config) {
  Platform::Options options;
  options.masks = drawn_masks(config);
  Bench bench(config, options);
  RunRecord record;
  Profile program(config, bench.platform, record);
  bench.run([&](HostCpu& host) { program(host); });
  Moved moved;
  for (const LayerRecord& r : record.jobs) {
    moved.jobs += r.job.bytes;
    if (r.opcode == H2_OP_BACKWARD && r.sub_batch == 1) {
      moved.backward[r.job.layer_index] += r.job.bytes;
    }
  }
  expect_conserved(engine_traffic(bench.platform, moved.jobs));
  return moved;
}

/// The planned bytes are those that the engines load and the memories count, in every nest.
TEST(Dataflow, PlannedBytesAreMoved) {
  std::set<std::string> nests;
  for (const char* bytes : {"40000", "60000", "90000", "120000", "200000", "400000"}) {
    for (const Sets& options :
         {Sets{{"network.pool", "after_soma"}}, Sets{{"network.pool", "before_soma"}},
          Sets{{"dataflow.halo", "free"}}, Sets{{"engines.backward.rows", "24"}}}) {
      SCOPED_TRACE(std::string(bytes) + " " + options.front().path + " " + options.front().value);
      Config config;
      try {
        config = tiny_config(with(with(kSmallArrays, options), {{"network.input.height", "12"},
                                                                {"network.input.width", "12"},
                                                                {"dataflow.backward", "auto"},
                                                                {"glb.backward.bytes", bytes},
                                                                {"profile.sub_batches", "2"}}));
      } catch (const InputError&) {
        continue;  // chunks under way do not fit
      }
      const GlbPlan plan = plan_glb(config.machine, config.network, config.training.sub_batch);
      const Moved moved = simulate(config);
      std::map<int, std::uint64_t> estimated;
      for (const JobEstimate& job : estimate_sub_batch(config, place_network(config)).jobs) {
        if (job.engine != H2LearnSchedule::kBackwardEngine) continue;
        estimated[job.layer] += job.bytes;
        const Layer& layer = config.network.layers[static_cast<std::size_t>(job.layer)];
        if (job.grad || layer.kind == LayerKind::fc) continue;
        const BackwardNest nest = plan.backward_nest[static_cast<std::size_t>(job.layer)];
        const BackwardCosts costs(config.machine, layer, config.training.sub_batch,
                                  config.network.timesteps);
        EXPECT_EQ(operand_bytes(job), costs.read_bytes(nest)) << text_of(nest, layer);
        nests.insert(text_of(nest, layer).substr(0, 22));
      }
      EXPECT_EQ(moved.backward, estimated);
    }
  }
  EXPECT_EQ(nests.count("tile outermost, grad-u"), 1U);
  EXPECT_EQ(nests.count("pass outermost, grad-u"), 1U);
  EXPECT_EQ(nests.count("pass outermost, weight"), 1U);
}

/// A buffer for pooled potentials that is too small is found before the run.
TEST(Dataflow, WideMapsArePlannedToo) {
  int refused = 0, fits = 0;
  for (const char* width : {"32", "64", "128", "256", "512"}) {
    for (const char* pool : {"after_soma", "before_soma"}) {
      Config config;
      try {
        config = tiny_config({{"network.layers", "16C3(Encoding)-AP2-10FC"},
                              {"network.input.height", "16"},
                              {"network.input.width", width},
                              {"network.pool", pool},
                              {"network.timesteps", "4"},
                              {"glb.forward.bytes", "140000"},
                              {"glb.weight_update.bytes", "20000000"},
                              {"profile.sub_batches", "1"},
                              {"training.batch_group", "1"}});
      } catch (const InputError& e) {
        ++refused;
        EXPECT_NE(std::string(e.what()).find("glb.forward.bytes: layer conv1 needs"),
                  std::string::npos)
            << e.what();
        continue;
      }
      ++fits;
      EXPECT_GT(simulate(config).jobs, 0U) << width << pool;
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(fits, 0);
}

}  // namespace
}  // namespace h2
