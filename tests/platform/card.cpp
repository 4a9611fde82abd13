// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/card.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "platform/host/network_image.h"
#include "tests/platform/simulation.h"

namespace h2 {
namespace {

/// Passes the sub-batches of a training group to the driver.
struct Feeder {
  const TrainingGroup& training_group;
  std::vector<const std::uint8_t*> pointers;
  std::size_t sub_batch = 0, sample = 0;

  explicit Feeder(const TrainingGroup& l) : training_group(l) {
    for (const auto& s : l.samples) pointers.push_back(s.data());
  }
  static int rewind(void* self) {
    auto& f = *static_cast<Feeder*>(self);
    f.sub_batch = f.sample = 0;
    return 0;
  }
  static int next(void* self, h2_sub_batch* batch) {
    auto& f = *static_cast<Feeder*>(self);
    if (f.sub_batch == f.training_group.sizes.size()) return 1;
    batch->count = f.training_group.sizes[f.sub_batch++];
    batch->samples = &f.pointers[f.sample];
    batch->labels = &f.training_group.labels[f.sample];
    f.sample += batch->count;
    return 0;
  }
};

}  // namespace

TrainingGroup random_training_group(const Config& config, std::vector<std::uint32_t> sizes,
                                    std::uint32_t seed, double density) {
  const Network& net = config.network;
  const InputShape& in = net.input;
  const int steps = net.encoding() ? 1 : net.timesteps;
  const std::size_t bytes = static_cast<std::size_t>(steps) * in.channels * in.height * in.width;
  std::mt19937 engine(seed);
  TrainingGroup training_group;
  training_group.sizes = std::move(sizes);
  const std::uint32_t count =
      std::accumulate(training_group.sizes.begin(), training_group.sizes.end(), 0U);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::vector<std::uint8_t> sample(bytes);
    for (std::uint8_t& v : sample) {
      const std::uint32_t drawn = engine();
      v = static_cast<std::uint8_t>(net.encoding() ? drawn >> 24 : drawn < density * 4294967296.0);
    }
    training_group.samples.push_back(std::move(sample));
    training_group.labels.push_back(engine() % static_cast<std::uint32_t>(net.layers.back().cout));
  }
  return training_group;
}

Card::Card(HostCpu& host, const Config& config, std::uint32_t index)
    : host(host), config_(config), index_(index) {
  load();
}

void Card::load() {
  const h2_bus bus = host.driver_bus();
  ASSERT_EQ(h2_open_card(&device, &bus, index_, nullptr, 0), H2_OK);
  ASSERT_EQ(network_image(config_).load(device), H2_DRV_SCRATCH);
  scratch_.resize(h2_scratch_bytes(&device) / 8 + 1);
  device.scratch = reinterpret_cast<std::uint8_t*>(scratch_.data());
  device.scratch_bytes = scratch_.size() * 8;
  const auto weights = start_weights(config_);
  for (std::size_t l = 0; l < weights.size(); ++l) {
    ASSERT_EQ(h2_write_weights(&device, static_cast<std::uint32_t>(l), weights[l].data()), H2_OK);
  }
}

int Card::train(const TrainingGroup& training_group) {
  Feeder feeder(training_group);
  group = h2_group{};
  group.sub_batches = static_cast<std::uint32_t>(training_group.sizes.size());
  group.samples = static_cast<std::uint32_t>(training_group.samples.size());
  group.loss = config_.training.loss == LossKind::mse ? H2_LOSS_MSE : H2_LOSS_CROSS_ENTROPY;
  group.overlap = config_.overlap ? 1 : 0;
  group.source = &Feeder::next;
  group.source_context = &feeder;
  group.rewind = &Feeder::rewind;
  group.retries = retries;
  group.before_update = before_update;
  group.update_context = update_context;
  group.update = update;
  return h2_train_group(&device, &group);
}

void Card::group_without_update(const TrainingGroup& training_group, std::uint8_t last) {
  std::uint32_t back = 0;
  for (std::uint8_t opcode = H2_OP_FORWARD; opcode <= last; ++opcode) {
    h2_descriptor d = prepare(training_group, opcode);
    d.tag = 0;
    d.depends = opcode == H2_OP_WEIGHT_GRADIENT ? back : 0;
    d.flags = opcode == H2_OP_FORWARD ? 0 : H2_DESC_FIRST | H2_DESC_LAST;
    EXPECT_EQ(h2_submit(&device, &d), H2_OK);
    EXPECT_EQ(h2_wait(&device, d.tag), H2_OK);
    back = d.tag;
  }
}

std::uint32_t Card::submit_update(std::uint32_t step) {
  h2_descriptor d{};
  d.opcode = H2_OP_UPDATE;
  d.step = step;
  d.table = device.table_address;
  EXPECT_EQ(h2_submit(&device, &d), H2_OK);
  return d.tag;
}

std::vector<std::vector<std::uint8_t>> Card::weights() {
  std::vector<std::vector<std::uint8_t>> all;
  for (std::size_t l = 0; l < config_.network.layers.size(); ++l) {
    all.emplace_back(config_.network.layers[l].parameter_count() * device.value_bytes);
    EXPECT_EQ(h2_read_weights(&device, static_cast<std::uint32_t>(l), all.back().data()), H2_OK);
  }
  return all;
}

h2_descriptor Card::prepare(const TrainingGroup& training_group, std::uint8_t opcode) {
  const Layer& first = config_.network.layers.front();
  h2_map map{};
  map.channels = static_cast<std::uint32_t>(first.cin_star());
  map.height = static_cast<std::uint32_t>(first.in_h);
  map.width = static_cast<std::uint32_t>(first.in_w);
  map.steps = first.encoding ? 1 : config_.network.timesteps;
  map.samples = training_group.sizes.front();
  map.tile_height = device.tile_height;
  map.tile_width = device.tile_width;
  map.border = h2_input_border(h2_reach(static_cast<std::uint32_t>(first.kernel), first.valid));
  const Feeder feeder(training_group);
  std::vector<std::uint8_t> bits(h2_map_bits_bytes(&map));
  h2_pack_input(&map, static_cast<std::uint32_t>(first.planes), feeder.pointers.data(),
                bits.data());
  EXPECT_TRUE(write(device.input[0], bits.data(), bits.size()));
  const Layer& last = config_.network.layers.back();
  std::vector<std::uint8_t> gradient(static_cast<std::size_t>(config_.network.timesteps) *
                                     map.samples * last.cout * device.value_bytes);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    gradient[i] = static_cast<std::uint8_t>(i % device.value_bytes == 1 ? 0x20 : i);
  }
  EXPECT_TRUE(write(device.gradient[0], gradient.data(), gradient.size()));
  h2_descriptor d{};
  d.version = H2_DESCRIPTOR_VERSION;
  d.size = sizeof d;
  d.opcode = opcode;
  d.tag = device.next_tag++;
  d.samples = static_cast<std::uint16_t>(map.samples);
  d.table = device.table_address;
  d.input = device.input[0];
  d.output_gradient = device.gradient[0];
  return d;
}

void Card::submit_raw(const h2_descriptor& descriptor) {
  const std::uint64_t at = memory(2) + device.tail * sizeof descriptor;
  ASSERT_TRUE(write(at, &descriptor, sizeof descriptor));
  device.tail = (device.tail + 1) % H2_DRIVER_RING;
  ASSERT_TRUE(write_reg(H2_REG_RING_TAIL, device.tail));
}

std::uint32_t Card::reg(std::uint32_t offset) {
  std::uint32_t value = 0;
  EXPECT_TRUE(read(device.registers + offset, &value, 4)) << std::hex << offset;
  return value;
}

bool Card::write_reg(std::uint32_t offset, std::uint32_t value) {
  return write(device.registers + offset, &value, 4);
}

bool Card::read(std::uint64_t address, void* data, std::size_t bytes) {
  return device.bus.read(device.bus.context, address, data, bytes) == 0;
}

bool Card::write(std::uint64_t address, const void* data, std::size_t bytes) {
  return device.bus.write(device.bus.context, address, data, bytes) == 0;
}

h2_completion Card::completion(std::uint32_t index) {
  h2_completion c{};
  EXPECT_TRUE(
      read(memory(2) + H2_DRIVER_RING * sizeof(h2_descriptor) + index * sizeof c, &c, sizeof c));
  return c;
}

}  // namespace h2
