// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "platform/driver/h2_math.h"
#include "platform/host/network_image.h"
#include "tests/platform/on_card.h"

// What callers of the C driver get wrong: each argument is refused before anything happens, with a
// reason, and the card and the driver work afterwards.

namespace h2 {
namespace {

/// The call was refused for this reason.
void expect_refused(const Card& card, int error, const std::string& reason) {
  EXPECT_EQ(error, H2_DRV_ARGUMENT) << reason;
  EXPECT_EQ(h2_reason(&card.device), reason);
}

TEST(Arguments, NullPointersAndDevicesThatAreNotOpen) {
  h2_device device{};
  h2_bus bus{};
  std::uint32_t number = 0;
  h2_descriptor descriptor{};
  EXPECT_EQ(h2_open(nullptr, &bus, nullptr, 0), H2_DRV_ARGUMENT);
  EXPECT_EQ(h2_open(&device, nullptr, nullptr, 0), H2_DRV_ARGUMENT);
  EXPECT_EQ(h2_open(&device, &bus, nullptr, 0), H2_DRV_ARGUMENT);
  EXPECT_STREQ(h2_reason(&device), "bus is null, or has no read, write or wait_irq");
  for (h2_device* d : {static_cast<h2_device*>(nullptr), &device}) {
    EXPECT_EQ(h2_reset(d), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_recover(d), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_set_timeout(d, 1), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_last_step(d, &number), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_load_network(d, nullptr, nullptr, 1), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_scratch_bytes(d), 0U);
    EXPECT_EQ(h2_write_weights(d, 0, nullptr), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_read_weights(d, 0, nullptr), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_train_group(d, nullptr), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_infer(d, nullptr, nullptr), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_submit(d, &descriptor), H2_DRV_ARGUMENT);
    EXPECT_EQ(h2_wait(d, 1), H2_DRV_ARGUMENT);
  }
  EXPECT_STREQ(h2_reason(nullptr), "");
}

TEST(Arguments, OfACardWithANetwork) {
  on_card([](Card& card, const Config& config) {
    h2_device* d = &card.device;
    const h2_bus bus = d->bus;
    h2_device other{};
    alignas(4) std::uint8_t scratch[8];
    EXPECT_EQ(h2_open(&other, &bus, nullptr, 8), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&other), "scratch is null");
    EXPECT_EQ(h2_open(&other, &bus, scratch + 1, 4), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&other), "scratch is not at a multiple of 4");
    expect_refused(card, h2_last_step(d, nullptr), "step is null");
    expect_refused(card, h2_set_timeout(d, ~std::uint64_t{0}),
                   "core_cycles is 18446744073709551615: legal are 0 to 4398046510080");
    const float weights[72] = {};
    expect_refused(card, h2_write_weights(d, 4, weights), "layer is 4: legal are 0 to 3");
    expect_refused(card, h2_write_weights(d, 0, nullptr), "oihw is null");
    expect_refused(card, h2_read_weights(d, 9, scratch), "layer is 9: legal are 0 to 3");
    expect_refused(card, h2_read_weights(d, 0, nullptr), "oihw is null");
    expect_refused(card, h2_submit(d, nullptr), "descriptor is null");
    expect_refused(card, h2_wait(d, 0), "tag is of no descriptor that was submitted");
    expect_refused(card, h2_wait(d, 77), "tag is of no descriptor that was submitted");
    h2_descriptor unknown{};
    unknown.opcode = 99;
    EXPECT_EQ(h2_submit(d, &unknown), H2_OK);
    expect_refused(card, h2_submit(d, &unknown),
                   "descriptor->tag was submitted and not waited for");
    EXPECT_EQ(h2_wait(d, unknown.tag), H2_ERR_OPCODE);
    EXPECT_STREQ(h2_reason(d), "");
    expect_works(card, config);
  });
}

TEST(Arguments, WeightsThatTheCardCannotStore) {
  on_card([](Card& card, const Config&) {
    const auto before = card.weights();
    std::vector<float> weights(72, 0.5F);
    for (const float wrong : {std::numeric_limits<float>::infinity(), -65520.0F,
                              std::numeric_limits<float>::quiet_NaN()}) {
      weights[17] = wrong;
      expect_refused(card, h2_write_weights(&card.device, 0, weights.data()),
                     "oihw[17] is not finite as the card stores it");
    }
    EXPECT_EQ(card.weights(), before);
    weights[17] = 65519.0F;
    EXPECT_EQ(h2_write_weights(&card.device, 0, weights.data()), H2_OK);
  });
}

/// One change of a legal neuron of the second layer.
TEST(Arguments, Neurons) {
  using Change = void (*)(h2_neuron&);
  const std::pair<Change, const char*> cases[] = {
      {[](h2_neuron& n) { n.alpha = 1.5F; }, "neurons[1].alpha is not in 0 to 1"},
      {[](h2_neuron& n) { n.th_f = 0; }, "neurons[1].th_f is not above 0 and at most 65504"},
      {[](h2_neuron& n) { n.th_l = n.th_r; },
       "neurons[1].th_l is not below th_r and at least -65504"},
      {[](h2_neuron& n) { n.th_r = NAN; }, "neurons[1].th_l is not below th_r and at least -65504"},
      {[](h2_neuron& n) { n.beta = -1; }, "neurons[1].beta is not above 0 and at most 65504"},
      {[](h2_neuron& n) { n.kind = 3; }, "neurons[1].kind is no reset, surrogate and layer to add"},
      {[](h2_neuron& n) { n.kind = 0x4000; },
       "neurons[1].kind is no reset, surrogate and layer to add"},
      {[](h2_neuron& n) { n.kind = H2_NEURON_PUT_ADDS(2); },
       "neurons[1].kind adds a layer that there is not"},
      {[](h2_neuron& n) { n.kind = H2_NEURON_KIND(0, 2), n.th_r = 2000; },
       "neurons[1].th_r is not 1/64 to 1024 above th_l, as a surrogate from a table needs"},
  };
  on_card([&](Card& card, const Config& config) {
    const NetworkImage image = network_image(config);
    const auto count = static_cast<std::uint32_t>(image.layers.size());
    for (const auto& [change, reason] : cases) {
      std::vector<h2_neuron> neurons(count, {0.5F, 1, 0, 2, 1, 0});
      change(neurons[1]);
      expect_refused(
          card,
          h2_load_neurons(&card.device, &image.table, image.layers.data(), neurons.data(), count),
          reason);
    }
  });
}

TEST(Arguments, Rates) {
  on_card([](Card& card, const Config&) {
    h2_device* d = &card.device;
    expect_refused(card, h2_set_rates(d, -1, 0), "learning_rate is not in 0 to 1000");
    expect_refused(card, h2_set_rates(d, NAN, 0), "learning_rate is not in 0 to 1000");
    expect_refused(card, h2_set_rates(d, 1, 2), "weight_decay is not in 0 to 1");
    EXPECT_EQ(h2_set_rates(d, 0.5F, 0.25F), H2_OK);
  });
}

/// One change of a legal network, and why it is refused.
TEST(Arguments, Networks) {
  using Change = void (*)(h2_table&, std::vector<h2_layer>&);
  const std::pair<Change, const char*> cases[] = {
      {[](h2_table& t, auto&) { t.timesteps = 0; }, "table.timesteps is 0: legal are 1 to 1024"},
      {[](h2_table& t, auto&) { t.sub_batch = 2000; },
       "table.sub_batch is 2000: legal are 1 to 1024"},
      {[](h2_table& t, auto&) { t.flags = 2; }, "table.flags is 2: legal are 0 to 1"},
      {[](h2_table& t, auto&) { t.optimizer = 2; }, "table.optimizer is 2: legal are 0 to 1"},
      {[](h2_table& t, auto&) { t.alpha = -1; }, "table.alpha is not in 0 to 1"},
      {[](h2_table& t, auto&) { t.beta1 = 5; }, "table.beta1 is not in 0 to below 1"},
      {[](h2_table& t, auto&) { t.learning_rate = NAN; },
       "table.learning_rate is not in 0 to 1000"},
      {[](h2_table& t, auto&) { t.th_r = t.th_l; },
       "table.th_l is not below th_r and at least -65504"},
      {[](h2_table& t, auto&) { t.loss_scale = 0; }, "table.loss_scale is no power of two"},
      {[](h2_table& t, auto&) { t.loss_scale = 3; }, "table.loss_scale is no power of two"},
      {[](h2_table& t, auto&) { t.loss_scale = -2; }, "table.loss_scale is no power of two"},
      {[](h2_table&, auto& l) { l[0].kind = 2; }, "layers[0].kind is 2: legal are 0 to 1"},
      {[](h2_table&, auto& l) { l[0].planes = 3; }, "layers[0].planes is 3: legal is 8"},
      {[](h2_table&, auto& l) { l[0].stride = 0; }, "layers[0].stride is 0: legal are 1 to 2"},
      {[](h2_table&, auto& l) { l[0].kernel = 4; }, "layers[0].kernel is even"},
      {[](h2_table&, auto& l) { l[0].in_height = 1; }, "layers[0].pool leaves nothing of the map"},
      {[](h2_table&, auto& l) { l[0].cout = 0; }, "layers[0].cout is 0: legal are 1 to 1048576"},
      {[](h2_table&, auto& l) { l[1].flags = 1; },
       "layers[1].flags encodes pixels behind the first layer"},
      {[](h2_table&, auto& l) { l[1].flags = 2; }, "layers[1].flags is 2: legal are 0 to 373"},
      {[](h2_table&, auto& l) { l[2].flags = 4; }, "layers[2].flags is 4: legal are 0 to 489"},
      {[](h2_table&, auto& l) { l[1].flags = 4, l[1].kernel = 15; },
       "layers[1].kernel does not fit the map without padding"},
      {[](h2_table&, auto& l) { l[1].cin = 9; }, "layers[1].cin is 9: legal is 8"},
      {[](h2_table&, auto& l) { l[1].in_width = 15; }, "layers[1].in_width is 15: legal is 14"},
      {[](h2_table&, auto& l) { l[2].cin = 1; }, "layers[2].cin is 1: legal is 784"},
      {[](h2_table&, auto& l) { l[2].pool = 1; }, "layers[2].pool is 1: legal is 0"},
      {[](h2_table&, auto& l) { l[3].kind = 0; }, "layers[3].kind is 0: legal is 1"},
  };
  on_card([&](Card& card, const Config& config) {
    const NetworkImage good = network_image(config);
    const auto count = static_cast<std::uint32_t>(good.layers.size());
    h2_device* d = &card.device;
    for (const auto& [change, reason] : cases) {
      NetworkImage bad = good;
      change(bad.table, bad.layers);
      expect_refused(card, h2_load_network(d, &bad.table, bad.layers.data(), count), reason);
    }
    expect_refused(card, h2_load_network(d, nullptr, good.layers.data(), count), "table is null");
    expect_refused(card, h2_load_network(d, &good.table, nullptr, count), "layers is null");
    expect_refused(card, h2_load_network(d, &good.table, good.layers.data(), 0),
                   "count is 0: legal are 1 to 64");
    expect_works(card, config);  // the network from before is still there
  });
}

/// Far over the card's memory: refused at once, not after a walk over every chunk.
TEST(Arguments, NetworksOfAnySize) {
  on_card([](Card& card, const Config& config) {
    NetworkImage huge = network_image(config);
    huge.table.timesteps = huge.table.sub_batch = 1024;
    huge.layers.resize(1);
    h2_layer& l = huge.layers.front();
    l.cin = 1U << 26;
    l.cout = 1U << 20;
    l.in_height = l.in_width = 4096;
    EXPECT_EQ(h2_load_network(&card.device, &huge.table, huge.layers.data(), 1), H2_DRV_NO_MEMORY);
    EXPECT_EQ(std::string(h2_reason(&card.device)).rfind("a memory has ", 0), 0U);
  });
}

/// A group of two sub-batches of which one is spoilt.
struct Spoilt {
  TrainingGroup training_group;
  std::vector<const std::uint8_t*> samples;
  std::uint32_t asked = 0;
  void (*spoil)(h2_sub_batch&) = nullptr;
  std::uint32_t at = 1;  ///< sub-batch

  explicit Spoilt(const Config& config) : training_group(random_training_group(config, {2, 2}, 5)) {
    for (const auto& s : training_group.samples) samples.push_back(s.data());
  }
  static int next(void* self, h2_sub_batch* batch) {
    auto& s = *static_cast<Spoilt*>(self);
    *batch = {&s.samples[2 * s.asked], &s.training_group.labels[2 * s.asked], 2};
    if (s.spoil != nullptr && s.asked == s.at) s.spoil(*batch);
    ++s.asked;
    return 0;
  }
  h2_group group(std::uint32_t loss) {
    h2_group g{};
    g.sub_batches = 2;
    g.samples = 4;
    g.loss = loss;
    g.overlap = 1;
    g.source = &next;
    g.source_context = this;
    asked = 0;
    return g;
  }
};

TEST(Arguments, SamplesAndLabels) {
  static const std::uint32_t far_label[] = {1, 1'000'000}, negative_label[] = {~0U, 1};
  static const std::uint8_t* const no_sample[] = {nullptr, nullptr};
  const std::pair<void (*)(h2_sub_batch&), const char*> cases[] = {
      {[](h2_sub_batch& b) { b.labels = far_label; }, "labels[1] is 1000000: legal are 0 to 9"},
      {[](h2_sub_batch& b) { b.labels = negative_label; },
       "labels[0] is 4294967295: legal are 0 to 9"},
      {[](h2_sub_batch& b) { b.labels = nullptr; }, "labels is null"},
      {[](h2_sub_batch& b) { b.samples = nullptr; }, "samples is null"},
      {[](h2_sub_batch& b) { b.samples = no_sample; }, "samples[0] is null"},
      {[](h2_sub_batch& b) { b.count = 0; }, "count of the sub-batch is 0: legal are 1 to 2"},
      {[](h2_sub_batch& b) { b.count = 3; }, "count of the sub-batch is 3: legal are 1 to 2"},
      {[](h2_sub_batch& b) { b.count = 1; }, "group.samples is more than its sub-batches hold"},
  };
  on_card([&](Card& card, const Config& config) {
    const auto before = card.weights();
    for (const std::uint32_t loss : {H2_LOSS_MSE, H2_LOSS_CROSS_ENTROPY}) {
      for (const std::uint32_t at : {0U, 1U}) {
        for (const auto& [spoil, reason] : cases) {
          Spoilt source(config);
          source.spoil = spoil;
          source.at = at;
          h2_group g = source.group(loss);
          expect_refused(card, h2_train_group(&card.device, &g), reason);
        }
      }
    }
    EXPECT_EQ(card.weights(), before);
    for (const h2_slot& slot : card.device.slots) EXPECT_EQ(slot.tag, 0U) << "left under way";
    Spoilt source(config);
    h2_group g = source.group(H2_LOSS_MSE);
    g.samples = 3;
    expect_refused(card, h2_train_group(&card.device, &g),
                   "group.samples is less than its sub-batches hold");
    g.samples = 5;
    expect_refused(card, h2_train_group(&card.device, &g), "group.samples is 5: legal are 2 to 4");
    g = source.group(2);
    expect_refused(card, h2_train_group(&card.device, &g), "group.loss is 2: legal are 0 to 1");
    g = source.group(H2_LOSS_MSE);
    g.loss_samples = g.samples - 1;
    expect_refused(card, h2_train_group(&card.device, &g),
                   "group.loss_samples is 3: legal are 4 to 4294967295");
    g = source.group(H2_LOSS_MSE);
    g.sub_batches = 0;
    expect_refused(card, h2_train_group(&card.device, &g), "group.sub_batches is 0");
    g = source.group(H2_LOSS_MSE);
    g.source = nullptr;
    expect_refused(card, h2_train_group(&card.device, &g), "group.source is null");
    g = source.group(H2_LOSS_MSE);
    g.source = [](void*, h2_sub_batch*) { return 5; };
    expect_refused(card, h2_train_group(&card.device, &g), "group.source returned an error");
    std::uint32_t predicted[2];
    h2_sub_batch batch{source.samples.data(), nullptr, 2};
    expect_refused(card, h2_infer(&card.device, nullptr, predicted), "batch is null");
    expect_refused(card, h2_infer(&card.device, &batch, nullptr), "predicted is null");
    EXPECT_EQ(h2_infer(&card.device, &batch, predicted), H2_OK);
    expect_works(card, config);
  });
}

/// Without an encoding layer a sample is bits.
TEST(Arguments, SpikesAreBits) {
  const Sets spikes{{"network.layers", "8C3-AP2-10FC"},
                    {"network.input.channels", "2"},
                    {"network.input.height", "8"},
                    {"network.input.width", "8"}};
  on_card(
      [](Card& card, const Config& config) {
        TrainingGroup training_group = random_training_group(config, {2}, 3);
        EXPECT_EQ(card.train(training_group), H2_OK);
        training_group.samples[1][17] = 2;
        expect_refused(card, card.train(training_group),
                       "a byte of samples[1] is 2: legal are 0 to 1");
        expect_works(card, config);
      },
      spikes);
}

TEST(Arguments, LossesOutsideTheirDomain) {
  const std::uint32_t counts[] = {1, 2};
  float gradient[2] = {7, 7};
  EXPECT_EQ(h2_loss_mse(counts, 2, 2, 4, 1, 1, gradient), -1.0);
  EXPECT_EQ(h2_loss_mse(counts, 2, 1, 0, 1, 1, gradient), -1.0);
  EXPECT_EQ(h2_loss_cross_entropy(counts, 2, 1'000'000, 1, 1, gradient), -1.0);
  EXPECT_EQ(h2_loss_cross_entropy(counts, 2, 1, 0, 1, gradient), -1.0);
  EXPECT_EQ(gradient[0], 7);
  EXPECT_EQ(h2_log(std::numeric_limits<double>::infinity()), 0.0);
  EXPECT_EQ(h2_log(std::numeric_limits<double>::quiet_NaN()), 0.0);
  EXPECT_EQ(h2_log(-1.0), 0.0);
}

}  // namespace
}  // namespace h2
