// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/base/error.h"
#include "modules/spinalflow/filter_rows.h"
#include "modules/spinalflow/spinal_events.h"
#include "modules/spinalflow/spinal_run.h"
#include "modules/spinalflow/spinal_table.h"
#include "platform/host/spinal_inference.h"
#include "tests/platform/simulation.h"
#include "tests/spinalflow/random_layer.h"

namespace h2 {
namespace {

Config spinal_config(const Sets& sets = {}) {
  Sets all{{"accelerator", "spinalflow"},
           {"clock_mhz", "200"},
           {"network.layers", "12C3-AP2-140C3-10FC"},
           {"network.pool", "before_soma"},
           {"network.input.channels", "2"},
           {"network.input.height", "8"},
           {"network.input.width", "8"},
           {"network.timesteps", "5"},
           {"training.sub_batch", "2"},
           {"spinalflow.leak", "64"},
           {"memory.dram.channels", "1"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return tiny_config(all);
}

SpinalInference::Input three_samples(const Config& config) {
  const Layer& first = config.network.layers.front();
  SpinalInference::Input input;
  for (std::uint64_t s = 0; s < 3; ++s) {
    input.spikes.push_back(
        random_spikes({first.in_h, first.in_w, first.cin, config.network.timesteps}, 0.3, 40 + s));
    input.labels.push_back(static_cast<std::uint32_t>(s));
  }
  return input;
}

struct SpinalRun {
  RunRecord record;
  std::vector<std::vector<SpineMap>> outputs;
  EngineStats spent;
  std::uint64_t elapsed = 0, port_bytes = 0;

  std::uint64_t cycles() const { return record.trained().cycle; }
};

SpinalRun infer(const Config& config) {
  const SpinalNetwork network = spinal_network(
      config, 0, static_cast<int>(config.network.layers.size()), start_weights(config));
  const SpinalInference::Input input = three_samples(config);
  SpinalRun run;
  Bench bench(config);
  SpinalInference inference(config, network, input, bench.platform, run.record);
  inference.keep_outputs = true;
  bench.run([&](HostCpu& host) { inference(host); });
  run.outputs = inference.outputs;
  const JobEngine& engine = *bench.platform.engines().front();
  run.spent = engine.stats();
  run.elapsed = bench.platform.cycle();
  for (const MemoryPort* port : {&engine.load_port, &engine.store_port}) {
    run.port_bytes += port->stats().read_bytes + port->stats().write_bytes;
  }
  return run;
}

bool same(const SpineMap& a, const SpineMap& b) { return a.spines == b.spines; }

TEST(SpinalBoard, EveryLayerEqualsTheModelThroughTheDriver) {
  const Config config = spinal_config();
  const SpinalRun run = infer(config);
  const SpinalNetwork network = spinal_network(config, 0, 3, start_weights(config));
  const SpinalInference::Input input = three_samples(config);
  std::uint64_t rows = 0, spikes = 0;
  for (std::size_t s = 0; s < input.spikes.size(); ++s) {
    SpineMap map = input.spikes[s];
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
      const SpinalLayer shape = spinal_layer(network.layers[l], config.network.timesteps);
      SpinalNeuron neuron;
      neuron.leak = 64;
      neuron.threshold = network.layers[l].threshold;
      SpinalCounts counts;
      map = run_layer(shape, {}, neuron, filter_rows(shape, {}, network.weights[l]), map, counts);
      EXPECT_TRUE(same(run.outputs[l][s], map)) << "layer " << l << " sample " << s;
      rows += counts.row_reads;
      spikes += counts.output_events;
    }
  }
  std::uint64_t counted = 0, fired = 0, bytes = 0;
  const char* const names[] = {"conv1", "conv2", "fc1"};
  for (const auto& [key, cost] : run.record.layers) {
    EXPECT_EQ(cost.last.layer, names[key.layer]);
    EXPECT_EQ(cost.jobs, 2U);  // sub-batches
    counted += cost.total.events[kRowReads];
    fired += cost.total.events[kSpikes];
    bytes += cost.total.bytes;
  }
  EXPECT_EQ(counted, rows);
  EXPECT_EQ(fired, spikes);
  EXPECT_GT(spikes, 0U);
  EXPECT_EQ(bytes, run.port_bytes);
  EXPECT_EQ(run.spent.busy_cycles, rows);
  EXPECT_EQ(run.spent.busy_cycles + run.spent.stall_cycles + run.spent.idle_cycles, run.elapsed);
  EXPECT_EQ(run.record.samples, 3U);
  EXPECT_TRUE(run.record.test_accuracy.has_value());
}

TEST(SpinalBoard, KeysDoWhatTheySay) {
  const SpinalRun before = infer(spinal_config());
  const auto other_spikes = [&](const Sets& sets) {
    const SpinalRun run = infer(spinal_config(sets));
    for (std::size_t l = 0; l < run.outputs.size(); ++l) {
      for (std::size_t s = 0; s < run.outputs[l].size(); ++s) {
        if (!same(run.outputs[l][s], before.outputs[l][s])) return true;
      }
    }
    return false;
  };
  EXPECT_FALSE(other_spikes({}));
  EXPECT_TRUE(other_spikes({{"spinalflow.fire", "event"}}));
  EXPECT_TRUE(other_spikes({{"spinalflow.reset", "subtract"}}));
  EXPECT_TRUE(other_spikes({{"spinalflow.reset", "none"}}));
  EXPECT_TRUE(other_spikes({{"spinalflow.one_spike", "true"}}));
  EXPECT_TRUE(other_spikes({{"spinalflow.leak", "256"}}));
  EXPECT_TRUE(other_spikes({{"neuron.th_f", "0.3"}}));
  EXPECT_GT(infer(spinal_config({{"spinalflow.dma_bytes", "4"}})).cycles(), before.cycles());
  EXPECT_GT(
      infer(spinal_config({{"spinalflow.lane_fifo", "1"}, {"neuron.th_f", "0.001"}})).cycles(),
      infer(spinal_config({{"neuron.th_f", "0.001"}})).cycles());
}

TEST(SpinalBoard, RefusesWhatItCannotRun) {
  const auto refused = [](const Sets& sets) -> std::string {
    const Config config = spinal_config(sets);
    try {
      spinal_network(config, 0, static_cast<int>(config.network.layers.size()),
                     start_weights(config));
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_NE(
      refused({{"network.layers", "12C3(Encoding)-10FC"}}).find("conv1 reads pixels of 8 bits"),
      std::string::npos);
  EXPECT_NE(refused({{"network.pool", "after_soma"}}).find("conv2 reads averages of spikes"),
            std::string::npos);
  EXPECT_NE(refused({{"network.layers", "1100C3-10FC"}})
                .find("cannot run conv1: output channels is 1100: legal are 1 to 1024"),
            std::string::npos);
  EXPECT_THROW(require_trainable(spinal_config()), InputError);
}

TEST(SpinalBoard, TrainingOpcodesAndDamagedListsAreNamedAndTheCardGoesOn) {
  const Config config = spinal_config();
  const SpinalNetwork network = spinal_network(config, 0, 3, start_weights(config));
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    sf_device card{};
    const h2_bus bus = host.driver_bus();
    ASSERT_EQ(sf_open(&card, &bus, 0), H2_OK);
    ASSERT_EQ(sf_load_network(&card, &network.table, network.layers.data(), 3), H2_OK);
    h2_descriptor d{};
    d.opcode = H2_OP_BACKWARD;
    d.samples = 1;
    ASSERT_EQ(h2_submit(&card.card, &d), H2_OK);
    EXPECT_EQ(h2_wait(&card.card, d.tag), SF_ERR_TRAINING);

    std::vector<sf_list> lists(64);
    std::vector<std::uint8_t> entries(3 * SF_ENTRY_BYTES);
    lists[5].count = 2;
    put_spine_entry({11, 3}, entries.data());
    put_spine_entry({10, 3}, entries.data() + SF_ENTRY_BYTES);
    ASSERT_EQ(sf_write_lists(&card, 0, lists.data(), entries.data()), H2_OK);
    EXPECT_EQ(sf_infer(&card, 1), SF_ERR_ORDER);
    EXPECT_EQ(card.card.failure.layer, 1U);
    put_spine_entry({11, 9}, entries.data() + SF_ENTRY_BYTES);
    ASSERT_EQ(sf_write_lists(&card, 0, lists.data(), entries.data()), H2_OK);
    EXPECT_EQ(sf_infer(&card, 1), SF_ERR_TICK);
    put_spine_entry({11, 4}, entries.data() + SF_ENTRY_BYTES);
    ASSERT_EQ(sf_write_lists(&card, 0, lists.data(), entries.data()), H2_OK);
    EXPECT_EQ(sf_infer(&card, 1), H2_OK) << h2_error_text(sf_infer(&card, 1));
  });
}

/// The lists of a sample with their spikes, as sf_write_lists() takes them.
struct Lists {
  std::vector<sf_list> places;
  std::vector<std::uint8_t> entries;
};
Lists lists_of(const SpineMap& map) {
  Lists lists;
  for (const Spine& spine : map.spines) {
    lists.places.push_back({static_cast<std::uint32_t>(lists.entries.size() / SF_ENTRY_BYTES),
                            static_cast<std::uint32_t>(spine.size())});
    for (const SpineEvent& event : spine) {
      lists.entries.resize(lists.entries.size() + SF_ENTRY_BYTES);
      put_spine_entry(event, lists.entries.data() + lists.entries.size() - SF_ENTRY_BYTES);
    }
  }
  return lists;
}

/// A card with a network and one sample, which it has inferred once.
class LoadedCard {
 public:
  LoadedCard(HostCpu& host, const Config& config)
      : network_(spinal_network(config, 0, 3, start_weights(config))),
        lists_(lists_of(three_samples(config).spikes.front())) {
    const h2_bus bus = host.driver_bus();
    EXPECT_EQ(sf_open(&card, &bus, 0), H2_OK);
    load();
    expected_ = outputs();
    EXPECT_FALSE(expected_.empty());
  }
  void load() {
    EXPECT_EQ(sf_load_network(&card, &network_.table, network_.layers.data(), 3), H2_OK);
    for (std::uint32_t l = 0; l < 3; ++l) {
      EXPECT_EQ(sf_write_weights(&card, l, network_.weights[l].data()), H2_OK);
    }
    write(lists_);
  }
  void write(const Lists& lists) {
    EXPECT_EQ(sf_write_lists(&card, 0, lists.places.data(), lists.entries.data()), H2_OK);
  }
  void expect_sound() {
    write(lists_);
    EXPECT_EQ(outputs(), expected_);
  }
  const Lists& lists() const { return lists_; }

  sf_device card{};

 private:
  /// Spikes of the second layer.
  std::vector<std::uint8_t> outputs() {
    EXPECT_EQ(sf_infer(&card, 1), H2_OK) << h2_reason(&card.card);
    std::vector<std::uint8_t> all;
    for (std::uint32_t p = 0; p < 16; ++p) {
      std::vector<std::uint8_t> entries(140 * 5 * SF_ENTRY_BYTES);
      std::uint32_t count = 0;
      EXPECT_EQ(sf_read_list(&card, 1, 0, p, entries.data(), 140 * 5, &count), H2_OK);
      all.insert(all.end(), entries.begin(), entries.begin() + count * SF_ENTRY_BYTES);
    }
    return all;
  }

  const SpinalNetwork network_;
  const Lists lists_;
  std::vector<std::uint8_t> expected_;
};

TEST(SpinalBoard, ADamagedSpikeAnywhereLeavesNoTrace) {
  const Config config = spinal_config();
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    LoadedCard loaded(host, config);
    const std::size_t spikes = loaded.lists().entries.size() / SF_ENTRY_BYTES;
    ASSERT_GT(spikes, 100U);
    for (std::size_t at = 0; at < spikes; at += 7) {
      Lists damaged = loaded.lists();
      damaged.entries[at * SF_ENTRY_BYTES] = 200;
      loaded.write(damaged);
      EXPECT_EQ(sf_infer(&loaded.card, 1), SF_ERR_TICK) << "spike " << at;
      loaded.expect_sound();
    }
  });
}

TEST(SpinalBoard, AResetAtAnyMomentLeavesNoTrace) {
  const Config config = spinal_config();
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    LoadedCard loaded(host, config);
    for (int delay_ns = 0; delay_ns < 60000; delay_ns = delay_ns * 5 / 4 + 5) {
      SCOPED_TRACE(delay_ns);
      h2_descriptor d{};
      d.opcode = SF_OP_INFER;
      d.samples = 1;
      d.table = loaded.card.card.table_address;
      d.input = loaded.card.input;
      ASSERT_EQ(h2_submit(&loaded.card.card, &d), H2_OK);
      sc_core::wait(delay_ns, sc_core::SC_NS);
      ASSERT_EQ(h2_reset(&loaded.card.card), H2_OK);
      loaded.load();
      loaded.expect_sound();
    }
  });
}

}  // namespace
}  // namespace h2
