// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "tests/platform/on_card.h"

// What the card does with descriptors and network tables that a driver must not send.

namespace h2 {
namespace {

constexpr std::uint64_t kAboveMemory = 1ULL << 33;  // configured: 4 GiB each

/// Runs `program` on a loaded card, then proves that the card still works.
void on_working_card(const std::function<void(Card&, const TrainingGroup&)>& program) {
  on_card([&](Card& card, const Config& config) {
    program(card, random_training_group(config, {2}, 5));
    expect_works(card, config);
  });
}

/// Submits, waits for the one completion and checks all the card says about it; clears it.
void expect_completion(Card& card, const h2_descriptor& d, std::uint32_t status,
                       std::uint32_t layer) {
  card.submit_raw(d);
  while (card.reg(H2_REG_COMPLETION_HEAD) == card.device.completion_tail) card.wait_irq();
  const h2_completion c = card.completion(card.device.completion_tail);
  EXPECT_EQ(c.tag, d.tag);
  EXPECT_EQ(c.status, status);
  EXPECT_EQ(c.layer, layer);
  EXPECT_LE(c.start_cycle, c.end_cycle);
  const bool bad = status != H2_OK;
  EXPECT_EQ(card.reg(H2_REG_ERROR), status);
  EXPECT_EQ(card.reg(H2_REG_ERROR_TAG), bad ? d.tag : 0);
  EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED | (bad ? H2_STATUS_ERROR : 0));
  EXPECT_EQ(card.reg(H2_REG_IRQ_STATUS), H2_IRQ_COMPLETION | (bad ? H2_IRQ_ERROR : 0));
  EXPECT_TRUE(card.host.irq.read());
  card.device.completion_tail = (card.device.completion_tail + 1) % H2_DRIVER_RING;
  EXPECT_TRUE(card.write_reg(H2_REG_COMPLETION_TAIL, card.device.completion_tail));
  EXPECT_TRUE(card.write_reg(H2_REG_IRQ_STATUS, H2_IRQ_COMPLETION | H2_IRQ_ERROR));
  EXPECT_EQ(card.reg(H2_REG_ERROR), H2_OK);
  EXPECT_EQ(card.reg(H2_REG_ERROR_TAG), 0U);
  EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED);
  EXPECT_FALSE(card.host.irq.read());
}

struct BadDescriptor {
  const char* name;
  std::uint32_t status;
  std::uint8_t opcode;
  std::function<void(h2_descriptor&)> spoil;
};

using D = h2_descriptor;
constexpr std::uint64_t kUnmapped = 0x42000000000ULL;
const BadDescriptor kBadDescriptors[] = {
    {"version 0", H2_ERR_VERSION, H2_OP_FORWARD, [](D& d) { d.version = 0; }},
    {"version 2", H2_ERR_VERSION, H2_OP_FORWARD, [](D& d) { d.version = 2; }},
    {"opcode 0", H2_ERR_OPCODE, 0, [](D&) {}},
    {"opcode 5", H2_ERR_OPCODE, 5, [](D&) {}},
    {"opcode 255", H2_ERR_OPCODE, 255, [](D&) {}},
    {"size", H2_ERR_SIZE, H2_OP_FORWARD, [](D& d) { d.size = 63; }},
    {"tag 0", H2_ERR_TAG, H2_OP_FORWARD, [](D& d) { d.tag = 0; }},
    {"memory 2", H2_ERR_SIZE, H2_OP_FORWARD, [](D& d) { d.memory = 2; }},
    {"flags", H2_ERR_SIZE, H2_OP_FORWARD, [](D& d) { d.flags = 0x8; }},
    {"reserved", H2_ERR_SIZE, H2_OP_FORWARD, [](D& d) { d.reserved0 = 1; }},
    {"decay forwards", H2_ERR_SIZE, H2_OP_FORWARD, [](D& d) { d.weight_decay = 0.1F; }},
    {"rate without flag", H2_ERR_SIZE, H2_OP_UPDATE,
     [](D& d) { d.learning_rate = 0.1F, d.step = 1; }},
    {"rate", H2_ERR_SIZE, H2_OP_UPDATE,
     [](D& d) { d.flags = H2_DESC_RATES, d.learning_rate = 1001, d.step = 1; }},
    {"rate NaN", H2_ERR_SIZE, H2_OP_UPDATE,
     [](D& d) { d.flags = H2_DESC_RATES, d.learning_rate = std::nanf(""), d.step = 1; }},
    {"decay", H2_ERR_SIZE, H2_OP_UPDATE,
     [](D& d) { d.flags = H2_DESC_RATES, d.weight_decay = -0.1F, d.step = 1; }},
    {"no samples", H2_ERR_SIZE, H2_OP_FORWARD, [](D& d) { d.samples = 0; }},
    {"samples", H2_ERR_SIZE, H2_OP_BACKWARD, [](D& d) { d.samples = 3; }},
    {"inference backwards", H2_ERR_SIZE, H2_OP_BACKWARD, [](D& d) { d.flags = 0x4; }},
    {"first update", H2_ERR_SIZE, H2_OP_UPDATE, [](D& d) { d.flags = 0x1, d.step = 1; }},
    {"update of nothing", H2_ERR_DEPENDENCY, H2_OP_UPDATE, [](D& d) { d.step = 1; }},
    {"step 0", H2_ERR_SIZE, H2_OP_UPDATE, [](D& d) { d.step = 0; }},
    {"table +4", H2_ERR_ALIGNMENT, H2_OP_FORWARD, [](D& d) { d.table += 4; }},
    {"input +1", H2_ERR_ALIGNMENT, H2_OP_FORWARD, [](D& d) { d.input += 1; }},
    {"gradient +32", H2_ERR_ALIGNMENT, H2_OP_BACKWARD, [](D& d) { d.output_gradient += 32; }},
    {"table unmapped", H2_ERR_ADDRESS, H2_OP_FORWARD, [](D& d) { d.table = kUnmapped; }},
    {"table outside", H2_ERR_ADDRESS, H2_OP_UPDATE,
     [](D& d) { d.table += kAboveMemory, d.step = 1; }},
    {"table at 0", H2_ERR_ADDRESS, H2_OP_FORWARD, [](D& d) { d.table = 0; }},
    {"input at 0", H2_ERR_ADDRESS, H2_OP_FORWARD, [](D& d) { d.input = 0; }},
    {"input outside", H2_ERR_ADDRESS, H2_OP_FORWARD, [](D& d) { d.input += kAboveMemory; }},
    {"input over the end", H2_ERR_ADDRESS, H2_OP_FORWARD,
     [](D& d) { d.input = H2_MEM_BASE(0) + (4ULL << 30) - 64; }},
    {"input in registers", H2_ERR_ADDRESS, H2_OP_FORWARD, [](D& d) { d.input = H2_REGS_BASE; }},
    {"input in the other memory", H2_ERR_ADDRESS, H2_OP_FORWARD, [](D& d) { d.memory = 1; }},
    {"input on weights", H2_ERR_OVERLAP, H2_OP_FORWARD, [](D& d) { d.input += 8192; }},
    {"input behind the window", H2_ERR_WINDOW, H2_OP_FORWARD, [](D& d) { d.input += 1 << 30; }},
    {"table behind the window", H2_ERR_WINDOW, H2_OP_FORWARD, [](D& d) { d.table += 1 << 30; }},
    {"gradient outside", H2_ERR_ADDRESS, H2_OP_BACKWARD,
     [](D& d) { d.output_gradient = ~std::uint64_t{63}; }},
    {"depends on nothing", H2_ERR_DEPENDENCY, H2_OP_WEIGHT_GRADIENT, [](D&) {}},
    {"depends on the future", H2_ERR_DEPENDENCY, H2_OP_WEIGHT_GRADIENT,
     [](D& d) { d.depends = d.tag + 1; }},
    {"depends on a forward pass", H2_ERR_DEPENDENCY, H2_OP_WEIGHT_GRADIENT,
     [](D& d) { d.depends = 1; }},
};

TEST(Descriptors, BadOnesAreRefused) {
  on_working_card([&](Card& card, const TrainingGroup& training_group) {
    expect_completion(card, card.prepare(training_group, H2_OP_FORWARD), H2_OK, 0);  // tag 1
    for (const BadDescriptor& bad : kBadDescriptors) {
      SCOPED_TRACE(bad.name);
      h2_descriptor d = card.prepare(training_group, bad.opcode);
      bad.spoil(d);
      expect_completion(card, d, bad.status, 0);
    }
    expect_completion(card, card.prepare(training_group, H2_OP_FORWARD), H2_OK, 0);
  });
}

struct BadTable {
  const char* name;
  std::uint32_t status, layer;
  std::function<void(h2_table&, h2_layer*)> spoil;
};

/// Writes a spoilt copy of the card's network table, with its checksum put right.
void spoil_table(Card& card, const BadTable& bad, std::uint64_t address) {
  h2_table table = card.device.table;
  std::vector<h2_layer> layers(card.device.layers, card.device.layers + table.layers);
  bad.spoil(table, layers.data());
  const std::uint32_t wrong = table.checksum ^ card.device.table.checksum;  // damage asked for
  table.checksum = 0;
  table.checksum = h2_checksum(h2_checksum(0, &table, sizeof table), layers.data(),
                               layers.size() * sizeof(h2_layer)) ^
                   wrong;
  EXPECT_TRUE(card.write(address, &table, sizeof table));
  EXPECT_TRUE(card.write(address + sizeof table, layers.data(), layers.size() * sizeof(h2_layer)));
}

using T = h2_table;
using L = h2_layer;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Every size at its limit.
void largest(h2_table& table, h2_layer* layers) {
  table.timesteps = table.sub_batch = 1024;
  layers[0].cout = 1U << 20;
  layers[0].in_height = layers[0].in_width = 4096;
}

const BadTable kBadTables[] = {
    {"magic", H2_ERR_TABLE, 0, [](T& t, L*) { ++t.magic; }},
    {"version", H2_ERR_VERSION, 0, [](T& t, L*) { ++t.version; }},
    {"checksum", H2_ERR_CHECKSUM, 0, [](T& t, L*) { t.checksum ^= 1; }},
    {"no layer", H2_ERR_TABLE, 0, [](T& t, L*) { t.layers = 0; }},
    {"65 layers", H2_ERR_TABLE, 0, [](T& t, L*) { t.layers = 65; }},
    {"4 billion layers", H2_ERR_TABLE, 0, [](T& t, L*) { t.layers = ~0U; }},
    {"read-out", H2_ERR_TABLE, 4, [](T&, L* l) { l[3].flags |= H2_LAYER_READOUT; }},
    {"bias without a place", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].flags |= H2_LAYER_BIAS; }},
    {"max pool", H2_ERR_TABLE, 1, [](T&, L* l) { l[0].flags |= H2_LAYER_MAX_POOL; }},
    {"record size", H2_ERR_TABLE, 0, [](T& t, L*) { t.layer_size = 104; }},
    {"no timestep", H2_ERR_TABLE, 0, [](T& t, L*) { t.timesteps = 0; }},
    {"no sub-batch", H2_ERR_TABLE, 0, [](T& t, L*) { t.sub_batch = 0; }},
    {"sub-batch", H2_ERR_TABLE, 0, [](T& t, L*) { t.sub_batch = 1U << 30; }},
    {"optimizer", H2_ERR_TABLE, 0, [](T& t, L*) { t.optimizer = 2; }},
    {"loss scale 3", H2_ERR_TABLE, 0, [](T& t, L*) { t.loss_scale = 3; }},
    {"loss scale 0", H2_ERR_TABLE, 0, [](T& t, L*) { t.loss_scale = 0; }},
    {"learning rate", H2_ERR_TABLE, 0, [](T& t, L*) { t.learning_rate = kNan; }},
    {"negative learning rate", H2_ERR_TABLE, 0, [](T& t, L*) { t.learning_rate = -1e30F; }},
    {"huge learning rate", H2_ERR_TABLE, 0, [](T& t, L*) { t.learning_rate = 1e38F; }},
    {"momentum 1", H2_ERR_TABLE, 0, [](T& t, L*) { t.momentum = 1; }},
    {"beta1", H2_ERR_TABLE, 0, [](T& t, L*) { t.beta1 = 5; }},
    {"beta2", H2_ERR_TABLE, 0, [](T& t, L*) { t.beta2 = -3; }},
    {"epsilon", H2_ERR_TABLE, 0, [](T& t, L*) { t.epsilon = 2; }},
    {"adam without epsilon", H2_ERR_TABLE, 0,
     [](T& t, L*) { t.optimizer = H2_OPT_ADAM, t.epsilon = 0; }},
    {"alpha", H2_ERR_TABLE, 0, [](T& t, L*) { t.alpha = 1e30F; }},
    {"threshold", H2_ERR_TABLE, 0, [](T& t, L*) { t.th_f = -1; }},
    {"surrogate", H2_ERR_TABLE, 0, [](T& t, L*) { t.beta = -1; }},
    {"surrogate 0", H2_ERR_TABLE, 0, [](T& t, L*) { t.beta = 0; }},
    {"loss scale 2^-100", H2_ERR_TABLE, 0, [](T& t, L*) { t.loss_scale = 0x1p-100F; }},
    {"loss scale 2^100", H2_ERR_TABLE, 0, [](T& t, L*) { t.loss_scale = 0x1p100F; }},
    {"slots", H2_ERR_TABLE, 0, [](T& t, L*) { t.flags |= H2_TABLE_PUT_SLOTS(1024); }},
    {"no place for slots", H2_ERR_OVERLAP, 3,
     [](T& t, L* l) {
       t.flags |= H2_TABLE_PUT_SLOTS(7);
       l[2].flags = H2_LAYER_GROUPED;
     }},
    {"table flags", H2_ERR_TABLE, 0, [](T& t, L*) { t.flags |= 4; }},
    {"layer flags", H2_ERR_TABLE, 1, [](T&, L* l) { l[0].flags |= 0x8000; }},
    {"pooled without pooling", H2_ERR_TABLE, 3, [](T&, L* l) { l[2].pooled = 0x12340; }},
    {"mask of fc", H2_ERR_TABLE, 3, [](T&, L* l) { l[2].gradient_mask = 64; }},
    {"variance of sgd", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].variance = 64; }},
    {"more than 64 bits", H2_ERR_ADDRESS, 1, &largest},
    {"mask interval", H2_ERR_TABLE, 0, [](T& t, L*) { t.th_r = t.th_l; }},
    {"buffer", H2_ERR_CAPACITY, 0, [](T& t, L*) { t.sub_batch = 1024; }},
    {"kind", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].kind = 2; }},
    {"pool", H2_ERR_TABLE, 1, [](T&, L* l) { l[0].pool = 3; }},
    {"even kernel", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].kernel = 2; }},
    {"no kernel", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].kernel = 0; }},
    {"stride", H2_ERR_TABLE, 1, [](T&, L* l) { l[0].stride = 3; }},
    {"planes", H2_ERR_TABLE, 1, [](T&, L* l) { l[0].planes = 2; }},
    {"planes of spikes", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].planes = 1; }},
    {"encoding", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].flags = H2_LAYER_ENCODING; }},
    {"grouped convolution", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].flags = H2_LAYER_GROUPED; }},
    {"layer flags", H2_ERR_TABLE, 4, [](T&, L* l) { l[3].flags = 4; }},
    {"no input", H2_ERR_TABLE, 1, [](T&, L* l) { l[0].cin = 0; }},
    {"no output", H2_ERR_TABLE, 4, [](T&, L* l) { l[3].cout = 0; }},
    {"huge", H2_ERR_TABLE, 4, [](T&, L* l) { l[3].cout = ~0U; }},
    {"channels", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].cin = 9; }},
    {"map", H2_ERR_TABLE, 2, [](T&, L* l) { l[1].in_width = 13; }},
    {"pooled to nothing", H2_ERR_TABLE, 1, [](T&, L* l) { l[0].in_height = 1; }},
    {"flattened", H2_ERR_TABLE, 3, [](T&, L* l) { l[2].cin += 1; }},
    {"fc map", H2_ERR_TABLE, 3, [](T&, L* l) { l[2].in_height = 2; }},
    {"conv on fc", H2_ERR_TABLE, 4, [](T&, L* l) { l[3].kind = H2_LAYER_CONV; }},
    {"misaligned", H2_ERR_ALIGNMENT, 2, [](T&, L* l) { l[1].mask += 8; }},
    {"spikes outside", H2_ERR_ADDRESS, 1, [](T&, L* l) { l[0].spikes = kAboveMemory; }},
    {"master outside", H2_ERR_ADDRESS, 4, [](T&, L* l) { l[3].master = kAboveMemory; }},
    {"pooled over the end", H2_ERR_ADDRESS, 2, [](T&, L* l) { l[1].pooled = (4ULL << 30) - 64; }},
    {"overlap in a layer", H2_ERR_OVERLAP, 2, [](T&, L* l) { l[1].mask = l[1].spikes; }},
    {"overlap by one unit", H2_ERR_OVERLAP, 1, [](T&, L* l) { l[0].mask = l[0].gradient - 64; }},
    {"overlap of layers", H2_ERR_OVERLAP, 4, [](T&, L* l) { l[3].master = l[0].momentum; }},
    {"overlap with the input", H2_ERR_OVERLAP, 0, [](T&, L* l) { l[3].mask = 0; }},
    {"overlap with the rings", H2_ERR_OVERLAP, 0, [](T&, L* l) { l[3].master = 64; }},
    {"wrapping around", H2_ERR_ADDRESS, 1, [](T&, L* l) { l[0].weights = ~std::uint64_t{63}; }},
};

TEST(Descriptors, BadTablesAreRefused) {
  on_working_card([&](Card& card, const TrainingGroup& training_group) {
    const std::uint64_t at = H2_MEM_BASE(2) + (card.device.used[2] + 4095) / 4096 * 4096;
    card.device.used[2] += 3 * 4096;
    EXPECT_EQ(h2_recover(&card.device), H2_OK);
    for (const BadTable& bad : kBadTables) {
      SCOPED_TRACE(bad.name);
      spoil_table(card, bad, at);
      h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
      d.table = at;
      expect_completion(card, d, bad.status, bad.layer);
    }
    const BadTable good{"good", H2_OK, 0, [](T&, L*) {}};
    spoil_table(card, good, at);
    h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
    d.table = at;
    expect_completion(card, d, H2_OK, 0);
  });
}

/// The driver reports a refused descriptor and goes on.
TEST(Descriptors, DriverReportsTheStatus) {
  on_working_card([](Card& card, const TrainingGroup& training_group) {
    h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
    d.samples = 9;
    EXPECT_EQ(h2_submit(&card.device, &d), H2_OK);
    EXPECT_EQ(h2_wait(&card.device, d.tag), H2_ERR_SIZE);
    EXPECT_EQ(card.device.failure.tag, d.tag);
    EXPECT_EQ(h2_wait(&card.device, d.tag), H2_DRV_ARGUMENT);  // completed before
    EXPECT_EQ(h2_wait(&card.device, 0), H2_DRV_ARGUMENT);
  });
}

/// FP32 state comes back as it was written, masters beside the FP16 weights that they round to.
TEST(Descriptors, OptimiserStateIsWrittenAndRead) {
  on_working_card([](Card& card, const TrainingGroup&) {
    h2_device* d = &card.device;
    const std::size_t count = static_cast<std::size_t>(d->layers[0].cout) * d->layers[0].cin *
                              d->layers[0].kernel * d->layers[0].kernel;
    std::vector<float> written(count), found(count);
    for (std::size_t i = 0; i < count; ++i) written[i] = 1.0F / static_cast<float>(i + 3);
    EXPECT_EQ(h2_write_weights(d, 0, written.data()), H2_OK);
    EXPECT_EQ(h2_read_state(d, 0, H2_STATE_MASTER, found.data()), H2_OK);
    EXPECT_EQ(found, written);
    EXPECT_EQ(h2_read_state(d, 0, H2_STATE_FIRST, found.data()), H2_OK);
    EXPECT_EQ(found, std::vector<float>(count, 0.0F)) << "new weights, new optimiser state";
    EXPECT_EQ(h2_write_state(d, 0, H2_STATE_FIRST, written.data()), H2_OK);
    EXPECT_EQ(h2_read_state(d, 0, H2_STATE_FIRST, found.data()), H2_OK);
    EXPECT_EQ(found, written);
    EXPECT_EQ(h2_read_state(d, 0, 3, found.data()), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_read_state(d, 99, H2_STATE_FIRST, found.data()), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_write_state(d, 0, H2_STATE_FIRST, nullptr), H2_DRV_ARGUMENT);
  });
}

TEST(Descriptors, LossScaleIsAPowerOfTwo) {
  on_working_card([](Card& card, const TrainingGroup& training_group) {
    for (const float wrong : {0.0F, 0.5F, 3.0F, -2.0F, 33554432.0F, std::nanf("")}) {
      EXPECT_EQ(h2_set_loss_scale(&card.device, wrong), H2_DRV_ARGUMENT) << wrong;
    }
    EXPECT_EQ(h2_set_loss_scale(&card.device, 256), H2_OK);
    EXPECT_EQ(card.device.table.loss_scale, 256);
    EXPECT_EQ(card.train(training_group), H2_OK) << "the card takes the table that was written";
  });
}

/// A failing backward pass fails its weight gradient and leaves the weights alone.
TEST(Descriptors, OverflowStopsTheStepAndNamesTheLayer) {
  on_working_card([](Card& card, const TrainingGroup& training_group) {
    const auto before = card.weights();
    EXPECT_EQ(h2_wait(&card.device,
                      [&] {
                        h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
                        h2_submit(&card.device, &d);
                        return d.tag;
                      }()),
              H2_OK);
    h2_descriptor back = card.prepare(training_group, H2_OP_BACKWARD);
    const std::vector<std::uint16_t> infinite(2 * 2 * 10, 0x7C00);
    EXPECT_TRUE(card.write(back.output_gradient, infinite.data(), infinite.size() * 2));
    h2_descriptor weight = card.prepare(training_group, H2_OP_WEIGHT_GRADIENT);
    EXPECT_TRUE(card.write(back.output_gradient, infinite.data(), infinite.size() * 2));
    weight.depends = back.tag;
    weight.flags = H2_DESC_FIRST | H2_DESC_LAST;
    EXPECT_EQ(h2_submit(&card.device, &back), H2_OK);
    EXPECT_EQ(h2_submit(&card.device, &weight), H2_OK);
    EXPECT_EQ(h2_wait(&card.device, back.tag), H2_ERR_OVERFLOW);
    EXPECT_EQ(card.device.failure.layer, card.device.table.layers);
    EXPECT_GE(card.device.failure.timestep, 1U);
    EXPECT_LE(card.device.failure.timestep, card.device.table.timesteps);
    EXPECT_EQ(h2_wait(&card.device, weight.tag), H2_ERR_DEPENDENCY);
    EXPECT_EQ(card.weights(), before);
  });
}

}  // namespace
}  // namespace h2
