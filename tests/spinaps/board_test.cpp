// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "modules/base/error.h"
#include "modules/spinaps/spin_events.h"
#include "platform/accelerators.h"
#include "platform/host/spinaps_inference.h"
#include "tests/platform/simulation.h"
#include "tests/spinaps/random_glm.h"

namespace h2 {
namespace {

Config spin_config(const Sets& sets = {}) {
  Sets all{{"accelerator", "spinaps"},     {"clock_mhz", "200"},
           {"network.layers", "10FC"},     {"network.timesteps", "8"},
           {"training.sub_batch", "16"},   {"training.batch_group", "1"},
           {"training.optimizer", "adam"}, {"training.learning_rate", "0.003"},
           {"training.epochs", "2"},       {"dataset.train_limit", "800"},
           {"dataset.test_limit", "100"},  {"memory.dram.channels", "1"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return tiny_config(all);
}

struct SpinBoardRun {
  RunRecord record;
  std::vector<sa_result> results;
  EngineStats spent;
  std::uint64_t elapsed = 0, port_bytes = 0;
  EventCounts infer, program;
  JobRecord infer_total, program_total;
};

LoadedData digits_of(const Config& config) {
  return load_data(config.dataset, config.network.input, config.network.timesteps,
                   config.training.seed);
}

GlmNetwork trained(const Config& config, const LoadedData& data) {
  RunRecord record;
  return quantise(SpinTraining{config, data.train}(record), config.spinaps.weight_bits);
}

SpinBoardRun infer(const Config& config, const GlmNetwork& network, const Dataset& samples) {
  SpinBoardRun run;
  Bench bench(config);
  SpinInference inference(config, network, samples, bench.platform, run.record);
  bench.run([&](HostCpu& host) { inference(host); });
  run.results = inference.results;
  const JobEngine& engine = *bench.platform.engines().front();
  run.spent = engine.stats();
  run.elapsed = bench.platform.cycle();
  for (const MemoryPort* port : {&engine.load_port, &engine.store_port}) {
    run.port_bytes += port->stats().read_bytes + port->stats().write_bytes;
  }
  for (const auto& [key, cost] : run.record.layers) {
    const bool program = key.opcode == SA_OP_PROGRAM;
    (program ? run.program : run.infer) = cost.total.events;
    (program ? run.program_total : run.infer_total) = cost.total;
  }
  return run;
}

TEST(SpinBoard, AThousandDigitsEqualTheScalarModelThroughTheDriver) {
  const Config config = spin_config({{"dataset.test_limit", "1000"}});
  const LoadedData data = digits_of(config);
  const GlmNetwork network = trained(config, data);
  const SpinBoardRun run = infer(config, network, data.test);
  ASSERT_EQ(run.results.size(), 1000U);
  const ScalarNetwork scalar = scalar_of(network);
  std::uint64_t rows = 0, steps = 0, by_spike = 0;
  int right = 0;
  for (std::size_t s = 0; s < 1000; ++s) {
    const auto x = dense_of(test_spikes(config, data.test, s));
    const ScalarAnswer a = scalar_answer(scalar, x, 0x2545, s, 8, true, true);
    const sa_result& r = run.results[s];
    ASSERT_EQ(r.winner, a.winner) << s;
    ASSERT_EQ(static_cast<int>(r.step), a.step) << s;
    ASSERT_EQ(r.potential, a.u) << s;
    ASSERT_EQ(static_cast<int>(r.steps), a.steps) << s;
    rows += a.rows;
    steps += a.steps;
    by_spike += a.step != 0 ? 1 : 0;
    right += a.winner == data.test.label(s) ? 1 : 0;
  }
  EXPECT_DOUBLE_EQ(*run.record.test_accuracy, right / 1000.0);
  EXPECT_GT(right, 400);
  EXPECT_EQ(run.infer[kSpinRowReads], rows);
  EXPECT_EQ(run.infer[kSpinBitsRead], rows * 80);
  EXPECT_EQ(run.infer[kSpinAdds], rows * 10);
  EXPECT_EQ(run.infer[kSpinSteps], steps);
  EXPECT_EQ(run.infer[kSpinDraws], steps * 10);
  EXPECT_EQ(run.infer[kSpinDecisions], by_spike);
  // Time: a row a cycle, and ten cycles of neurons a step; nothing else is computing.
  EXPECT_EQ(run.infer_total.compute_cycles, rows + 10 * steps);
  EXPECT_EQ(run.spent.busy_cycles, rows + 10 * steps + run.program_total.compute_cycles);
  EXPECT_EQ(run.spent.busy_cycles + run.spent.stall_cycles + run.spent.idle_cycles, run.elapsed);
  EXPECT_EQ(run.infer_total.bytes + run.program_total.bytes, run.port_bytes);
  EXPECT_EQ(run.infer_total.bytes, 1000U * (98 * 8 + 16));
}

TEST(SpinBoard, ProgrammingTakesTheWritesAndAVerificationEach) {
  const Config config = spin_config({{"dataset.test_limit", "1"}});
  const LoadedData data = digits_of(config);
  const GlmNetwork network = random_network(784, 10, 8, 8, 3);
  const SpinBoardRun run = infer(config, network, data.test);
  EXPECT_EQ(run.program[kSpinSlicesWritten], 6272U);
  EXPECT_EQ(run.program[kSpinBitsWritten], 6272U * 80);
  EXPECT_EQ(run.program[kSpinBitsVerified], 6272U * 80);
  // 10 ns are two cycles of 200 MHz.
  EXPECT_EQ(run.program_total.compute_cycles, 6272U * 3);
  EXPECT_EQ(run.program_total.bytes, 62720U + 40 + 512);
  // Cells that fail are written again, and the answers are the same.
  const SpinBoardRun failing = infer(spin_config({{"dataset.test_limit", "1"},
                                                  {"spinaps.write_failure", "0.01"},
                                                  {"spinaps.write_tries", "20"}}),
                                     network, data.test);
  EXPECT_GT(failing.program[kSpinWrites], 6272U);
  EXPECT_EQ(failing.program_total.compute_cycles, failing.program[kSpinWrites] * 3);
  EXPECT_EQ(failing.results[0].potential, run.results[0].potential);
  const SpinBoardRun sram =
      infer(spin_config({{"dataset.test_limit", "1"}, {"spinaps.technology", "sram"}}), network,
            data.test);
  EXPECT_EQ(sram.program_total.compute_cycles, 6272U * 2);
}

TEST(SpinBoard, EarlyStopSavesCyclesAndChangesNoClass) {
  const Config config = spin_config({{"network.timesteps", "16"}});
  const LoadedData data = digits_of(config);
  const GlmNetwork network = trained(config, data);
  const SpinBoardRun early = infer(config, network, data.test);
  const SpinBoardRun late =
      infer(spin_config({{"network.timesteps", "16"}, {"spinaps.early_stop", "false"}}), network,
            data.test);
  std::uint64_t rows = 0;
  for (std::size_t s = 0; s < early.results.size(); ++s) {
    EXPECT_EQ(early.results[s].winner, late.results[s].winner);
    EXPECT_EQ(early.results[s].step, late.results[s].step);
    EXPECT_EQ(late.results[s].steps, 16U);
    // Each spike at t is read again in the min(tau, T - 1 - t) steps behind it.
    const GlmSpikes spikes = test_spikes(config, data.test, s);
    for (int t = 0; t < 16; ++t) rows += spikes.steps[t].size() * std::min(8, 15 - t);
  }
  EXPECT_EQ(late.infer[kSpinRowReads], rows);
  EXPECT_EQ(late.infer_total.compute_cycles, rows + 100 * 160);
  EXPECT_LT(early.infer_total.compute_cycles, late.infer_total.compute_cycles / 2);
}

TEST(SpinBoard, KeysDoWhatTheySay) {
  const Config config = spin_config();
  const LoadedData data = digits_of(config);
  const GlmNetwork network = trained(config, data);
  const SpinBoardRun before = infer(config, network, data.test);
  const auto differs = [&](const Sets& sets) {
    const SpinBoardRun run = infer(spin_config(sets), network, data.test);
    for (std::size_t s = 0; s < run.results.size(); ++s) {
      if (std::memcmp(&run.results[s], &before.results[s], sizeof(sa_result)) != 0) return true;
    }
    return false;
  };
  EXPECT_FALSE(differs({}));
  EXPECT_TRUE(differs({{"spinaps.seed", "1"}}));
  EXPECT_TRUE(differs({{"spinaps.deadline", "3"}}));
  EXPECT_TRUE(differs({{"spinaps.deadline", "3"}, {"spinaps.undecided", "none"}}));
  EXPECT_TRUE(differs({{"spinaps.encoding", "latency"}}));
  EXPECT_TRUE(differs({{"spinaps.encoding", "constant"}}));
  const auto cycles = [&](const Sets& sets) {
    return infer(spin_config(sets), network, data.test).infer_total.compute_cycles;
  };
  const std::uint64_t serial = before.infer_total.compute_cycles;
  EXPECT_LT(cycles({{"spinaps.parallel", "true"}}), serial);
  EXPECT_LT(cycles({{"spinaps.parallel", "true"}, {"spinaps.rows", "16"}}),
            cycles({{"spinaps.parallel", "true"}}));
  EXPECT_EQ(cycles({{"spinaps.rows", "16"}}), serial);
  EXPECT_FALSE(differs({{"spinaps.parallel", "true"}, {"spinaps.columns", "80"}}));
}

/// What the driver answers to programming and one inference on a card with these settings.
std::pair<int, int> errors_of(const Sets& sets, const std::function<void(GlmNetwork&)>& change,
                              const SigmoidTable& sigmoid = sigmoid_table(), bool program = true,
                              int programs = 1) {
  const Config config = spin_config(sets);
  GlmNetwork network = random_network(784, 10, 8, 8, 3);
  change(network);
  std::pair<int, int> errors;
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    sa_device card{};
    const h2_bus bus = host.driver_bus();
    ASSERT_EQ(sa_open(&card, &bus, 0), H2_OK);
    const sa_table table = spin_table(network, 8, 4);
    ASSERT_EQ(sa_load_network(&card, &table), H2_OK) << h2_reason(&card.card);
    ASSERT_EQ(
        sa_write_network(&card, network.weights.data(), network.biases.data(), sigmoid.data()),
        H2_OK);
    for (int i = 0; i < programs && program; ++i) errors.first = sa_program(&card);
    const sa_rule rule{SA_FLAG_EARLY_STOP, 8, 0x2545};
    errors.second = sa_infer(&card, 1, 0, &rule);
    // The card goes on: a network that is right is programmed and runs.
    if (errors.first == 0 && errors.second == 0) return;
    const GlmNetwork good = random_network(784, 10, 8, 8, 3);
    ASSERT_EQ(
        sa_write_network(&card, good.weights.data(), good.biases.data(), sigmoid_table().data()),
        H2_OK);
    const bool programs_again = sa_program(&card) == H2_OK;
    EXPECT_EQ(sa_infer(&card, 1, 0, &rule) == H2_OK, programs_again);
  });
  return errors;
}

TEST(SpinBoard, WhatIsWrongIsNamedAndTheCardGoesOn) {
  const auto as_is = [](GlmNetwork&) {};
  using E = std::pair<int, int>;
  EXPECT_EQ(errors_of({}, as_is), (E{H2_OK, H2_OK}));
  EXPECT_EQ(errors_of({}, as_is, sigmoid_table(), false), (E{H2_OK, SA_ERR_PROGRAMMED}));
  SigmoidTable falls = sigmoid_table();
  falls[200] = 0;
  EXPECT_EQ(errors_of({}, as_is, falls), (E{SA_ERR_SIGMOID, SA_ERR_PROGRAMMED}));
  EXPECT_EQ(errors_of({}, [](GlmNetwork& n) { n.weight_bits = 4; }),
            (E{SA_ERR_WEIGHT, SA_ERR_PROGRAMMED}));
  EXPECT_EQ(errors_of({{"spinaps.write_failure", "1"}}, as_is),
            (E{SA_ERR_WRITE, SA_ERR_PROGRAMMED}));
  EXPECT_EQ(errors_of({{"spinaps.endurance", "2"}}, as_is, sigmoid_table(), true, 2),
            (E{H2_OK, H2_OK}));
  EXPECT_EQ(errors_of({{"spinaps.endurance", "2"}}, as_is, sigmoid_table(), true, 3),
            (E{SA_ERR_ENDURANCE, SA_ERR_PROGRAMMED}));
  EXPECT_STRNE(h2_error_text(SA_ERR_PROGRAMMED), h2_error_text(9999));
}

TEST(SpinBoard, ADescriptorThatTakesTooLongIsEndedByTheTimeOut) {
  const Config config = spin_config();
  const GlmNetwork network = random_network(784, 10, 8, 8, 3);
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    sa_device card{};
    const h2_bus bus = host.driver_bus();
    ASSERT_EQ(sa_open(&card, &bus, 0), H2_OK);
    const sa_table table = spin_table(network, 8, 4);
    ASSERT_EQ(sa_load_network(&card, &table), H2_OK);
    ASSERT_EQ(sa_write_network(&card, network.weights.data(), network.biases.data(),
                               sigmoid_table().data()),
              H2_OK);
    std::uint32_t limit = 1;  // 1024 cycles
    ASSERT_EQ(bus.write(bus.context, H2_REGS_BASE + H2_REG_TIMEOUT, &limit, sizeof limit), 0);
    EXPECT_EQ(sa_program(&card), H2_ERR_TIMEOUT);
    limit = 0;
    ASSERT_EQ(bus.write(bus.context, H2_REGS_BASE + H2_REG_TIMEOUT, &limit, sizeof limit), 0);
    EXPECT_EQ(sa_program(&card), H2_OK);
  });
}

std::string refusal_of(const Sets& sets) {
  try {
    spin_config(sets);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

TEST(SpinConfig, WhatDoesNotFitIsRefusedByName) {
  const auto says = [](const Sets& sets, const std::string& text) {
    EXPECT_NE(refusal_of(sets).find(text), std::string::npos) << refusal_of(sets);
  };
  EXPECT_EQ(refusal_of({}), "");
  says({{"spinaps.arrays", "2"}},
       "spinaps.arrays: 2 of 256 x 1024 cells are too few for 6272 rows");
  says({{"spinaps.columns", "79"}}, "spinaps.columns: 79 cells are too few");
  says({{"spinaps.seed", "0"}}, "spinaps.seed: 0 is out of range; legal: an integer in 1..65535");
  says({{"spinaps.tau", "0"}}, "spinaps.tau: 0 is out of range");
  says({{"network.timesteps", "0"}}, "network.timesteps: 0 is out of range");
  says({{"spinaps.deadline", "9"}}, "spinaps.deadline: 9 contradicts network.timesteps = 8");
  says({{"spinaps.kernels", "9"}}, "spinaps.kernels: 9 contradicts spinaps.tau = 8");
  says({{"network.layers", "20FC-10FC"}}, "legal: <n>FC, one layer");
  says({{"spinaps.buffer_bytes", "1024"}}, "spinaps.buffer_bytes: 1024");
  EXPECT_THROW(require_trainable(spin_config()), InputError);
  EXPECT_EQ(built_spinaps(spin_config()).arrays, 3);
}

}  // namespace
}  // namespace h2
