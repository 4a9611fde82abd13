// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "tests/spinalflow/spinal_card.h"

namespace h2 {
namespace {

TEST(SpinalSchedule, LayersFollowEachOther) {
  SpinalCard card;
  const auto command = card.decode(card.describe());
  ASSERT_EQ(command->error, 0U);
  const char* const names[] = {"conv1", "conv2", "fc1"};
  std::uint64_t input = card.device.input;
  for (int i = 0; i < 3; ++i) {
    const auto step = card.schedule.step(*command, i);
    ASSERT_TRUE(step);
    const auto& job = dynamic_cast<const SpineJob&>(*step->job);
    EXPECT_EQ(job.name, names[i]);
    EXPECT_EQ(job.input, input);
    EXPECT_EQ(job.samples, 2);
    EXPECT_EQ(job.neuron.leak, 64);
    EXPECT_EQ(job.neuron.threshold, 100);
    input = job.output;
  }
  EXPECT_FALSE(card.schedule.step(*command, 3));
  const auto first = card.schedule.step(*command, 0);
  // 2*3*3 weights of 16 channels at 8 x 8 positions in 4 ticks of 2 samples.
  EXPECT_EQ(first->job->macs, 18U * 16 * 64 * 4 * 2);
}

TEST(SpinalSchedule, TrainingOpcodesAreRefusedByName) {
  SpinalCard card;
  h2_descriptor d = card.describe();
  for (const int opcode : {H2_OP_BACKWARD, H2_OP_WEIGHT_GRADIENT, H2_OP_UPDATE}) {
    d.opcode = static_cast<std::uint8_t>(opcode);
    EXPECT_EQ(card.error_of(d), SF_ERR_TRAINING);
  }
  d.opcode = 9;
  EXPECT_EQ(card.error_of(d), H2_ERR_OPCODE);
  EXPECT_STREQ(h2_error_text(SF_ERR_TRAINING), "a training opcode: SpinalFlow infers only");
}

TEST(SpinalSchedule, IllegalDescriptors) {
  const struct {
    std::uint32_t error;
    std::function<void(h2_descriptor&)> change;
  } cases[] = {{H2_ERR_VERSION, [](auto& d) { d.version = 2; }},
               {H2_ERR_SIZE, [](auto& d) { d.flags = H2_DESC_INFERENCE; }},
               {H2_ERR_SIZE, [](auto& d) { d.memory = 1; }},
               {H2_ERR_SIZE, [](auto& d) { d.samples = 0; }},
               {H2_ERR_SIZE, [](auto& d) { d.samples = 3; }},
               {H2_ERR_SIZE, [](auto& d) { d.step = 1; }},
               {H2_ERR_SIZE, [](auto& d) { d.output_gradient = 64; }},
               {H2_ERR_TAG, [](auto& d) { d.tag = 0; }},
               {H2_ERR_ALIGNMENT, [](auto& d) { d.input += 8; }},
               {H2_ERR_ADDRESS, [](auto& d) { d.input = H2_MEM_BASE(3); }},
               {H2_ERR_ADDRESS, [](auto& d) { d.table = H2_MEM_BASE(3); }}};
  SpinalCard card;
  for (const auto& c : cases) {
    h2_descriptor d = card.describe();
    c.change(d);
    EXPECT_EQ(card.error_of(d), c.error);
  }
  card.tags = {7};
  EXPECT_EQ(card.error_of(card.describe()), H2_ERR_TAG);
  card.tags.clear();
  card.windows_open = false;
  EXPECT_EQ(card.error_of(card.describe()), H2_ERR_WINDOW);
}

TEST(SpinalSchedule, IllegalTables) {
  const struct {
    std::uint32_t error, layer;
    std::function<void(sf_device&)> change;
  } cases[] = {{H2_ERR_TABLE, 0, [](auto& d) { d.table.magic = H2_TABLE_MAGIC; }},
               {H2_ERR_VERSION, 0, [](auto& d) { d.table.version = 2; }},
               {H2_ERR_TABLE, 0, [](auto& d) { d.table.ticks = 257; }},
               {H2_ERR_TABLE, 0, [](auto& d) { d.table.leak = 257; }},
               {H2_ERR_TABLE, 0, [](auto& d) { d.table.fire = 2; }},
               {SF_ERR_MULTI_BIT, 1, [](auto& d) { d.layers[0].input_bits = 8; }},
               {SF_ERR_MULTI_BIT, 2, [](auto& d) { d.layers[1].input_bits = 3; }},
               {SF_ERR_LAYER, 1, [](auto& d) { d.layers[0].stride = 3; }},
               {SF_ERR_LAYER, 1, [](auto& d) { d.layers[0].threshold = 0; }},
               {SF_ERR_LAYER, 2, [](auto& d) { d.layers[1].cin = 15; }},
               {SF_ERR_LAYER, 2, [](auto& d) { d.layers[1].cout = 1025; }},
               {H2_ERR_ALIGNMENT, 2, [](auto& d) { d.layers[1].weights += 4; }},
               {H2_ERR_ADDRESS, 3, [](auto& d) { d.layers[2].weights = H2_MEM_BASE(3); }},
               {H2_ERR_OVERLAP, 1, [](auto& d) { d.layers[1].output = d.layers[0].weights; }},
               {H2_ERR_OVERLAP, 2, [](auto& d) { d.layers[1].partial = d.layers[1].output; }},
               {H2_ERR_OVERLAP, 1, [](auto& d) { d.layers[0].output = d.input; }},
               {H2_ERR_OVERLAP, 3, [](auto& d) { d.layers[2].output = H2_MEM_BASE(2); }}};
  for (const auto& c : cases) {
    SpinalCard card;
    c.change(card.device);
    card.write_table();
    const auto command = card.decode(card.describe());
    EXPECT_EQ(command->error, c.error);
    EXPECT_EQ(command->error_layer, c.layer) << "error " << c.error;
  }
  SpinalCard card;
  card.device.table.leak = 65;
  card.write(card.device.card.table_address, &card.device.table, sizeof(sf_table));
  EXPECT_EQ(card.error_of(card.describe()), H2_ERR_CHECKSUM);
}

TEST(SpinalDriver, RefusesWhatTheCardCannotBe) {
  SpinalCard card;
  sf_device other{};
  h2_device h2learn{};
  const h2_bus bus = card.device.card.bus;
  EXPECT_EQ(h2_open(&h2learn, &bus, nullptr, 0), H2_DRV_NOT_FOUND);
  EXPECT_STREQ(h2_reason(&h2learn), "ID is not that of an H2Learn card");
  EXPECT_EQ(sf_load_network(&other, nullptr, nullptr, 0), H2_DRV_ARGUMENT);
  sf_layer wide = card.device.layers[0];
  wide.cout = 2000;
  EXPECT_EQ(sf_load_network(&card.device, &card.device.table, &wide, 1), H2_DRV_ARGUMENT);
  EXPECT_STREQ(h2_reason(&card.device.card), "layers[0].cout is 2000: legal are 1 to 1024");
  EXPECT_EQ(sf_infer(&card.device, 3), H2_DRV_ARGUMENT);
  EXPECT_STREQ(h2_reason(&card.device.card), "samples is 3: legal are 1 to 2");
}

TEST(SpinalDriver, WeightsLieInRowsOfATile) {
  SpinalCard card;
  const sf_layer& l = card.device.layers[1];  // 16 -> 200 channels, 3 x 3
  std::vector<std::int8_t> oihw(200 * 16 * 9);
  for (std::size_t i = 0; i < oihw.size(); ++i) oihw[i] = static_cast<std::int8_t>(i % 251 - 125);
  ASSERT_EQ(sf_write_weights(&card.device, 1, oihw.data()), H2_OK);
  const auto weight = [&](int o, int c, int tap) {
    const std::uint64_t row = o / 128 * 144 + tap * 16 + c;
    std::int8_t value = 0;
    EXPECT_TRUE(card.read(l.weights + row * 128 + o % 128, &value, 1));
    return value;
  };
  for (const int o : {0, 127, 128, 199}) {
    for (const int c : {0, 15}) {
      EXPECT_EQ(weight(o, c, 4), oihw[(o * 16 + c) * 9 + 4]);
    }
  }
  EXPECT_EQ(weight(200, 3, 2), 0);  // a lane without a channel
}

}  // namespace
}  // namespace h2
