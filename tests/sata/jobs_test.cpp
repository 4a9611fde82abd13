// SPDX-License-Identifier: Apache-2.0
// SATA's jobs as its schedule makes them, without a simulator: cycles against the closed forms on
// random networks, published words, gates.

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>

#include "modules/base/error.h"
#include "modules/sata/cycles.h"
#include "modules/sata/event_counts.h"
#include "modules/sata/schedule.h"
#include "platform/config/load.h"
#include "platform/host/drawn_masks.h"
#include "platform/host/estimate.h"
#include "tests/arithmetic/random_case.h"

namespace h2 {
namespace {

Config config_with(std::vector<Override> sets) {
  return load_config(H2_SOURCE_DIR "/configs/sata.yaml", sets);
}

/// A card whose memory holds the network table.
class Table : public CardAccess {
 public:
  explicit Table(const h2_device& device) : device_(device) {}
  bool read(std::uint64_t address, void* data, std::size_t bytes) override {
    const bool header = address == device_.table_address;
    const void* from = header ? static_cast<const void*>(&device_.table) : device_.layers;
    std::memcpy(data, from, bytes);
    return true;
  }
  bool allows(std::uint64_t /*address*/, std::uint64_t /*bytes*/, bool /*read*/,
              bool /*write*/) const override {
    return true;
  }
  std::vector<ByteRange> rings() const override { return {}; }
  bool in_flight(std::uint32_t /*tag*/) const override { return false; }

 private:
  const h2_device& device_;
};

/// What the jobs of one pass of one layer came to.
struct Total {
  Cycles cycles;
  EventCounts events;
  std::uint64_t bytes = 0;
};

Total run(Job& job) {
  Total total;
  for (int chunk = 0; chunk < job.chunks(); ++chunk) {
    bool more = true;
    for (int stage = 0; more; ++stage) {
      TransferList loads;
      more = job.load(chunk, stage, loads);
      total.bytes += loads.charged();
    }
    const ChunkWork work = job.work(chunk);
    total.cycles += work.cycles;
    total.events += work.events;
    TransferList stores;
    job.store(chunk, stores);
    total.bytes += stores.charged();
  }
  return total;
}

/// The commands of one sub-batch, one after another.
class SubBatch {
 public:
  explicit SubBatch(const Config& config)
      : config_(config),
        device_(place_network(config)),
        card_(device_),
        schedule_(config_.machine, config_.sata, settings()) {}

  /// Totals by step of the command.
  std::vector<Total> run(std::uint8_t opcode) {
    h2_descriptor d{};
    d.version = H2_DESCRIPTOR_VERSION;
    d.size = sizeof d;
    d.opcode = opcode;
    const bool gradient = opcode == H2_OP_WEIGHT_GRADIENT;
    d.flags = gradient ? H2_DESC_FIRST | H2_DESC_LAST : 0;
    d.depends = gradient ? tag_ : 0;
    d.tag = ++tag_;
    d.samples = static_cast<std::uint16_t>(config_.training.sub_batch);
    d.table = device_.table_address;
    d.input = device_.input[0];
    d.output_gradient = device_.gradient[0];
    const std::shared_ptr<CardCommand> command = schedule_.decode(d, card_);
    EXPECT_EQ(command->error, H2_OK);
    std::vector<Total> totals;
    while (const std::optional<Step> step = schedule_.step(*command, command->steps_done)) {
      totals.push_back(h2::run(dynamic_cast<Job&>(*step->job)));
      ++command->steps_done;
    }
    command->ended = true;
    return totals;
  }

 private:
  H2LearnSchedule::Settings settings() const {
    H2LearnSchedule::Settings s;
    s.memory_bytes = config_.memory.bytes;
    s.masks = drawn_masks(config_);
    return s;
  }

  const Config config_;
  h2_device device_;
  Table card_;
  SataSchedule schedule_;
  std::uint32_t tag_ = 0;
};

std::string number(int value) { return std::to_string(value); }

/// Three layers of random shape: two convolutions, or one and two fully connected ones.
Config draw_config(Draw& draw) {
  const auto conv = [&](int most) {
    return number(draw.integer(1, most)) + "C" + number(draw.among<int>({1, 3, 5})) +
           (draw.with(0.3) ? "S2" : "");
  };
  const bool pixels = draw.with(0.5);
  std::string layers = conv(70) + (pixels ? "(Encoding)" : "") + (draw.with(0.4) ? "-AP2" : "");
  layers += draw.with(0.5) ? "-" + conv(40) : "-" + number(draw.integer(1, 90)) + "FC";
  layers += "-" + number(draw.integer(1, 40)) + "FC";
  return config_with({{"network.layers", layers},
                      {"network.input.channels", number(draw.integer(1, 40))},
                      {"network.input.height", number(draw.integer(4, 17))},
                      {"network.input.width", number(draw.integer(4, 17))},
                      {"network.timesteps", number(draw.integer(1, 5))},
                      {"network.pool", draw.among<std::string>({"after_soma", "before_soma"})},
                      {"training.sub_batch", number(draw.integer(1, 4))},
                      {"sata.rows", number(draw.integer(1, 40))},
                      {"sata.cols", number(draw.integer(1, 40))}});
}

void expect_closed_forms(const Config& config) {
  SubBatch sub_batch(config);
  const auto forward = sub_batch.run(H2_OP_FORWARD);
  const auto backward = sub_batch.run(H2_OP_BACKWARD);
  const auto update = sub_batch.run(H2_OP_WEIGHT_GRADIENT);
  const auto& layers = config.network.layers;
  const int n = static_cast<int>(layers.size());
  const int batch = config.training.sub_batch, steps = config.network.timesteps;
  const auto same = [&](const Cycles& found, const Cycles& expected, const char* phase, int l) {
    EXPECT_EQ(found.array, expected.array) << phase << " " << layers[l].name;
    EXPECT_EQ(found.fill, expected.fill) << phase << " " << layers[l].name;
    EXPECT_EQ(found.drain, 0U);
  };
  for (int l = 0; l < n; ++l) {
    same(forward[l].cycles, sata_forward_cycles(config.sata, layers[l], batch, steps), "forward",
         l);
    same(update[n - 1 - l].cycles,
         sata_weight_gradient_cycles(config.sata, layers[l], batch, steps), "weight gradient", l);
    if (l == 0) continue;
    same(backward[n - l].cycles, sata_backward_cycles(config.sata, layers[l], batch, steps),
         "backward", l);
    const EventCounts& events = forward[l].events;
    EXPECT_EQ(events[kSpikeMacs] + events[kGatedSpikeMacs],
              layers[l].macs() * layers[l].planes * batch * steps);
  }
}

TEST(SataJobs, CyclesAreTheClosedFormsOnRandomNetworks) {
  int layers = 0;
  for (int n = 0; layers < 200; ++n) {
    SCOPED_TRACE(n);
    Draw draw(5000 + n);
    std::optional<Config> config;
    try {
      config = draw_config(draw);
      require_buffers_fit({config->sata.buffers, config->machine.tile, config->training.sub_batch,
                           config->network.timesteps},
                          config->network);
    } catch (const InputError&) {
      continue;  // pooled to nothing, or too large for the buffers
    }
    expect_closed_forms(*config);
    layers += static_cast<int>(config->network.layers.size());
  }
}

Config vgg5(std::vector<Override> sets) {
  std::vector<Override> all{{"network.layers", "64C3(Encoding)-AP2-128C3-128C3-AP2-1024FC-10FC"},
                            {"network.input.channels", "3"},
                            {"network.input.height", "32"},
                            {"network.input.width", "32"},
                            {"network.timesteps", "8"},
                            {"training.sub_batch", "1"}};
  all.insert(all.end(), sets.begin(), sets.end());
  return config_with(all);
}

EventCounts sum_of(const std::vector<Total>& totals) {
  EventCounts sum;
  for (const Total& t : totals) sum += t.events;
  return sum;
}

TEST(SataJobs, CountThePublishedWordsOfVgg5) {
  SubBatch sub_batch(vgg5({}));
  const EventCounts forward = sum_of(sub_batch.run(H2_OP_FORWARD));
  const std::vector<Total> back = sub_batch.run(H2_OP_BACKWARD);
  const EventCounts backward = sum_of(back);
  const EventCounts update = sum_of(sub_batch.run(H2_OP_WEIGHT_GRADIENT));
  EXPECT_EQ(forward[kPublishedDramWords], 9709328U);
  EXPECT_EQ(backward[kPublishedDramWords], 1087568U);
  EXPECT_EQ(update[kPublishedDramWords], 17243520U);
  EXPECT_EQ(forward[kPublishedGlbWords], 19418656U);
  EXPECT_EQ(backward[kPublishedGlbWords], 16081136U);
  EXPECT_EQ(update[kPublishedGlbWords], 156279248U);
  // What the tool leaves out is moved all the same: weights in a backward pass.
  std::uint64_t bytes = 0;
  for (const Total& t : back) bytes += t.bytes;
  EXPECT_GT(bytes, 2U * (1024U * 8192U + backward[kPublishedDramWords]));
}

TEST(SataJobs, GatesMoveEventsAndNothingElse) {
  const std::vector<Override> small{{"network.layers", "16C3(Encoding)-16C3-10FC"},
                                    {"network.input.height", "8"},
                                    {"network.input.width", "8"},
                                    {"network.timesteps", "3"},
                                    {"training.sub_batch", "2"}};
  const auto totals = [&](const char* gates) {
    auto sets = small;
    for (const char* gate : {"spikes", "gradients", "surrogate"}) {
      sets.push_back({std::string("sata.gates.") + gate, gates});
    }
    SubBatch sub_batch(config_with(sets));
    std::vector<Total> all;
    for (const auto opcode : {H2_OP_FORWARD, H2_OP_BACKWARD, H2_OP_WEIGHT_GRADIENT}) {
      for (const Total& t : sub_batch.run(static_cast<std::uint8_t>(opcode))) all.push_back(t);
    }
    return all;
  };
  const std::vector<Total> on = totals("true"), off = totals("false");
  ASSERT_EQ(on.size(), off.size());
  for (std::size_t i = 0; i < on.size(); ++i) {
    EXPECT_EQ(on[i].cycles.total(), off[i].cycles.total());
    EXPECT_EQ(on[i].bytes, off[i].bytes);
    for (const auto& [done, gated] : {std::pair<int, int>{kSpikeMacs, kGatedSpikeMacs},
                                      {kValueMacs, kGatedValueMacs},
                                      {kPotentialGradients, kGatedPotentialGradients}}) {
      EXPECT_EQ(off[i].events[gated], 0U);
      EXPECT_EQ(on[i].events[done] + on[i].events[gated], off[i].events[done]);
      if (off[i].events[done] != 0) {
        EXPECT_LT(on[i].events[done], off[i].events[done]);
      }
    }
  }
}

}  // namespace
}  // namespace h2
