// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "modules/spinalflow/filter_rows.h"
#include "modules/spinalflow/spinal_events.h"
#include "modules/spinalflow/spinal_run.h"
#include "modules/spinalflow/spine_plan.h"
#include "tests/spinalflow/spinal_bench.h"

namespace h2 {
namespace {

const SpinalUnit kUnit;

std::vector<std::uint64_t> sizes(const SpineMap& map) {
  std::vector<std::uint64_t> sizes;
  for (const Spine& spine : map.spines) sizes.push_back(spine.size());
  return sizes;
}

std::uint64_t stalls(const JobRecord& r) {
  std::uint64_t sum = 0;
  for (std::size_t e = kWeightStall; e <= kDrain; ++e) sum += r.events[e];
  return sum;
}

void expect_consistent(const JobRecord& r) {
  EXPECT_EQ(r.cycles, r.compute_cycles + stalls(r));
  EXPECT_EQ(r.cycles, r.compute_cycles + r.load_stall_cycles + r.store_stall_cycles);
  EXPECT_EQ(r.compute_cycles, r.events[kRowReads]);
  EXPECT_EQ(r.events[kGlbReadBytes], 128 * r.events[kRowReads]);
}

/// Counts that follow from shapes and spikes. `spikes`: of every output channel, all samples.
void expect_counts(const SpinalLayer& l, const std::vector<SpineMap>& samples,
                   const std::vector<std::uint64_t>& spikes, const EventCounts& events) {
  const auto tiles = static_cast<std::uint64_t>(l.tiles(kUnit));
  std::uint64_t taken = 0, rows = 0;
  for (const RowRange& part : l.parts(kUnit)) {
    for (int position = 0; position < l.output().positions(); ++position) {
      for (const FieldSpine& spine : l.field(position, part)) {
        for (const SpineMap& map : samples) {
          for (const SpineEvent& event : map.spines[spine.position]) {
            const auto channel = static_cast<int>(l.input.channel_of(event.neuron));
            const auto held = std::count_if(
                spine.offsets.begin(), spine.offsets.end(),
                [&](int offset) { return part.holds(offset * l.input.channels + channel); });
            taken += held > 0 ? 1 : 0;
            rows += held;
          }
        }
      }
    }
  }
  std::uint64_t fired = 0, of_earlier_tiles = 0;
  for (std::size_t c = 0; c < spikes.size(); ++c) {
    fired += spikes[c];
    if (c < (tiles - 1) * 128) of_earlier_tiles += spikes[c];
  }
  const std::uint64_t neurons = l.output().positions() * samples.size() * l.cout;
  EXPECT_EQ(events[kSpineReads], tiles * taken);
  EXPECT_EQ(events[kMerges], tiles * taken);
  EXPECT_EQ(events[kRowReads], tiles * rows);
  EXPECT_EQ(events[kAdds], l.cout * rows);
  EXPECT_EQ(events[kSpikes], fired);
  EXPECT_EQ(events[kSorted], fired + of_earlier_tiles);
  EXPECT_EQ(events[kTickEnds], neurons * l.input.ticks * l.parts(kUnit).size());
  EXPECT_EQ(events[kGlbWriteBytes], 128 * tiles * l.rows());
}

TEST(SpinalUnit, EqualsTheModelWithoutTimeOnRealMemory) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SpinalCase c = random_spinal_case(seed);
    std::vector<SpineMap> samples{c.input, random_spikes(c.layer.input, 0.2, seed + 1000)};
    simulate_unit(MemorySpec{}, [&](SpinalBench& bench) {
      SpineJob job = bench.place(c, samples);
      const JobRecord record = bench.engine.run(job, 0);
      ASSERT_EQ(record.error, 0U) << "seed " << seed;
      expect_consistent(record);
      std::uint64_t reads = 0, spikes = 0;
      std::vector<std::uint64_t> by_channel(c.layer.cout, 0);
      for (int s = 0; s < 2; ++s) {
        SpinalCounts counts;
        const SpineMap expected = run_layer(
            c.layer, kUnit, c.neuron, filter_rows(c.layer, kUnit, c.oihw), samples[s], counts);
        const SpineMap found = bench.read_output(job, s);
        for (int p = 0; p < found.shape.positions(); ++p) {
          ASSERT_EQ(found.spines[p], expected.spines[p]) << "seed " << seed << " sample " << s;
          for (const SpineEvent& e : found.spines[p])
            ++by_channel[found.shape.channel_of(e.neuron)];
        }
        reads += row_reads(c.layer, kUnit, sizes(samples[s]));
        spikes += counts.output_events;
      }
      EXPECT_EQ(record.events[kRowReads], reads) << "seed " << seed;
      EXPECT_EQ(record.events[kSpikes], spikes) << "seed " << seed;
      EXPECT_EQ(record.densities.spikes.nonzeros, spikes);
      expect_counts(c.layer, samples, by_channel, record.events);
    });
  }
}

/// A convolution whose neurons fire now and then, one tile and one part.
SpinalCase plain_case(std::uint64_t seed, double density) {
  SpinalCase c;
  c.layer.input = {6, 6, 24, 8};
  c.layer.cout = 100;
  c.layer.kernel_h = c.layer.kernel_w = 3;
  c.layer.pad = 1;
  c.neuron.threshold = 900;
  c.oihw = random_weights(c.layer, seed);
  c.input = random_spikes(c.layer.input, density, seed);
  return c;
}

JobRecord run_alone(const SpinalCase& c, const MemorySpec& memory,
                    const std::function<void(SpineJob&)>& change = {}) {
  JobRecord record;
  SpinalCounts counts;
  const SpineMap expected =
      run_layer(c.layer, kUnit, c.neuron, filter_rows(c.layer, kUnit, c.oihw), c.input, counts);
  simulate_unit(
      memory,
      [&](SpinalBench& bench) {
        SpineJob job = bench.place(c, {c.input});
        if (change) change(job);
        record = bench.engine.run(job, 0);
        const SpineMap found = bench.read_output(job, 0);
        for (int p = 0; p < found.shape.positions(); ++p) {
          ASSERT_EQ(found.spines[p], expected.spines[p]) << "position " << p;
        }
      },
      1 << 20);
  expect_consistent(record);
  return record;
}

TEST(SpinalUnit, TakesACycleARowWhereMemoryNeverLetsItWait) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const SpinalCase c = plain_case(seed, 0.05 + 0.02 * static_cast<double>(seed));
    const JobRecord r = run_alone(c, instant_memory());
    EXPECT_EQ(r.events[kRowReads], row_reads(c.layer, kUnit, sizes(c.input)));
    // Weights and places a cycle each, the first position's nine lists, three units to fill:
    // nothing is lost between 36 positions.
    EXPECT_EQ(r.events[kSorterStall], 0U);
    EXPECT_EQ(r.events[kSumStall], 0U);
    EXPECT_LE(r.events[kWeightStall] + r.events[kSpineStall] + r.events[kMergeStall], 16U);
    EXPECT_EQ(r.cycles - r.events[kDrain], r.events[kRowReads] + r.events[kWeightStall] +
                                               r.events[kSpineStall] + r.events[kMergeStall]);
  }
}

TEST(SpinalUnit, SilentInputTakesNoRow) {
  const JobRecord r = run_alone(plain_case(1, 0), MemorySpec{});
  EXPECT_EQ(r.compute_cycles, 0U);
  EXPECT_EQ(r.events[kSpikes], 0U);
  EXPECT_GT(r.events[kWeightStall], 0U);
}

/// Pieces of lists that a pass loads: the DMA takes a cycle for each. Groups share the halves.
std::uint64_t loaded_pieces(const SpinePlan& plan, const SpinePass& pass, const SpineMap& map) {
  const auto piece = static_cast<std::size_t>(kUnit.buffer_entries / plan.most_groups(pass));
  std::uint64_t pieces = 0;
  for (int visit = 0; visit < plan.visits(); ++visit) {
    for (const FieldSpine& spine : plan.field(pass, visit)) {
      pieces += ceil_div(map.spines[spine.position].size(), piece);
    }
  }
  return pieces;
}

/// Rows, and what fills the line once per tile and part; lists so short, or pieces so small, that
/// the DMA, one per cycle, does not keep up; what the sorter and the sums of parts hold up. All
/// told apart.
TEST(SpinalUnit, TwoHundredRandomLayersTakeTheirRows) {
  std::uint64_t rows_of_all = 0, fill_of_all = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SpinalCase c = random_spinal_case(seed);
    simulate_unit(
        instant_memory(),
        [&](SpinalBench& bench) {
          SpineJob job = bench.place(c, {c.input});
          const JobRecord r = bench.engine.run(job, 0);
          const std::uint64_t rows = row_reads(c.layer, kUnit, sizes(c.input));
          const std::uint64_t fill =
              r.events[kWeightStall] + r.events[kSpineStall] + r.events[kMergeStall];
          EXPECT_EQ(r.cycles,
                    rows + fill + r.events[kSumStall] + r.events[kSorterStall] + r.events[kDrain])
              << "seed " << seed;
          const SpinePlan plan(job);
          std::uint64_t most = 0;
          for (const SpinePass& pass : plan.passes()) {
            most += 16 + loaded_pieces(plan, pass, c.input);
          }
          EXPECT_LE(fill, most) << "seed " << seed;
          rows_of_all += rows;
          fill_of_all += fill;
          EXPECT_EQ(r.events[kSumStall] > 0, c.layer.parts(kUnit).size() > 1) << "seed " << seed;
        },
        1 << 20);
  }
  EXPECT_LT(fill_of_all, rows_of_all / 50);
}

TEST(SpinalUnit, WorkedNumberOfConv5) {
  SpinalCase c;  // CIFAR10, 256 -> 512 channels at 8 x 8, T = 10, 15 % of the neurons firing
  c.layer.input = {8, 8, 256, 10};
  c.layer.cout = 512;
  c.layer.kernel_h = c.layer.kernel_w = 3;
  c.layer.pad = 1;
  c.neuron.threshold = 4000;
  c.neuron.leak = 64;
  c.oihw = random_weights(c.layer, 5);
  c.input = random_spikes(c.layer.input, 0.15, 5);
  MemorySpec memory;
  memory.dram.channels = 1;  // 160 B per cycle of 200 MHz
  const JobRecord r = run_alone(c, memory);
  EXPECT_NEAR(static_cast<double>(r.events[kRowReads]), 4 * 484 * 256 * 10 * 0.15, 7500);
  // Four tiles of 2304 rows of 128 B; waits for anything else are few.
  EXPECT_GT(r.events[kWeightStall], 4 * 2304 * 128 / 160U);
  EXPECT_LT(r.cycles, r.events[kRowReads] + r.events[kWeightStall] + r.events[kRowReads] / 50);
}

TEST(SpinalUnit, FullQueuesHoldTheArrayAndChangeNothing) {
  SpinalCase c = plain_case(3, 0.05);
  c.neuron.threshold = 1;
  const JobRecord wide = run_alone(c, instant_memory());
  const JobRecord narrow =
      run_alone(c, instant_memory(), [](SpineJob& job) { job.unit.lane_fifo = 1; });
  EXPECT_EQ(narrow.compute_cycles, wide.compute_cycles);
  EXPECT_GT(narrow.events[kSorterStall], wide.events[kSorterStall]);

  c = plain_case(4, 0.2);
  MemorySpec slow;
  slow.ideal = true;
  slow.ideal_timing = {500, 32};  // 100 cycles
  const JobRecord before = run_alone(c, slow);
  const JobRecord after = run_alone(c, slow, [](SpineJob& job) { job.unit.buffer_entries = 4; });
  EXPECT_EQ(after.compute_cycles, before.compute_cycles);
  EXPECT_GT(after.events[kSpineStall], 2 * before.events[kSpineStall]);
}

/// Runs the job with a damaged input, then the same with the sound one.
std::uint32_t error_of(const std::function<void(SpineMap&)>& damage) {
  const SpinalCase c = plain_case(7, 0.1);
  std::uint32_t error = 0;
  simulate_unit(MemorySpec{}, [&](SpinalBench& bench) {
    SpineMap map = c.input;
    damage(map);
    SpineJob job = bench.place(c, {map});
    error = bench.engine.run(job, 0).error;
    bench.write_spines(job.input_tensor(), {c.input});
    const JobRecord record = bench.engine.run(job, 1);
    EXPECT_EQ(record.error, 0U);
    EXPECT_EQ(record.events[kRowReads], row_reads(c.layer, kUnit, sizes(c.input)));
  });
  return error;
}

TEST(SpinalUnit, DamagedListsEndTheJobAndNotTheUnit) {
  EXPECT_EQ(error_of([](SpineMap& m) { std::swap(m.spines[20][0], m.spines[20][1]); }),
            SF_ERR_ORDER);
  EXPECT_EQ(error_of([](SpineMap& m) { m.spines[20].push_back(m.spines[20].back()); }),
            SF_ERR_ORDER);
  EXPECT_EQ(error_of([](SpineMap& m) { m.spines[20].back().tick = 8; }), SF_ERR_TICK);
  EXPECT_EQ(error_of([](SpineMap& m) { m.spines[20].back().neuron += 24; }), SF_ERR_NEURON);
  EXPECT_EQ(error_of([](SpineMap& m) { m.spines[20].resize(193, m.spines[20].back()); }),
            SF_ERR_LENGTH);
}

TEST(SpinalUnit, BrokenOffJobsLeaveItReady) {
  const SpinalCase c = plain_case(8, 0.1);
  simulate_unit(MemorySpec{}, [&](SpinalBench& bench) {
    SpineJob job = bench.place(c, {c.input});
    const JobRecord late = bench.engine.run(job, 0, sc_core::sc_time(2, sc_core::SC_US));
    EXPECT_EQ(late.error, static_cast<unsigned>(H2_ERR_TIMEOUT));
    const std::uint64_t weights = job.weights;
    job.weights = MemorySpec{}.bytes;  // nothing is there
    EXPECT_EQ(bench.engine.run(job, 1).error, static_cast<unsigned>(H2_ERR_BUS));
    job.weights = weights;
    const JobRecord whole = bench.engine.run(job, 2);
    EXPECT_EQ(whole.error, 0U);
    EXPECT_EQ(whole.compute_cycles, row_reads(c.layer, kUnit, sizes(c.input)));
    expect_consistent(whole);
    EXPECT_EQ(bench.engine.jobs(), 3U);
  });
}

}  // namespace
}  // namespace h2
