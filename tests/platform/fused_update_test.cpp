// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/platform/on_card.h"

// Updates that go along with the last weight gradients of their group, and groups that fail
// meanwhile.

namespace h2 {
namespace {

constexpr std::uint32_t kBackwardEngine = 1, kWeightUpdateEngine = 2;

nlohmann::json trained(const Sets& sets, const char* update) {
  Sets all = sets;
  all.push_back({"training.update", update});
  const TrainingRun run = train(tiny_config(all));
  nlohmann::json summary = nlohmann::json::parse(run.summary);
  EXPECT_EQ(summary["time"]["update"], update);
  return summary["result"]["weights_sha256"];
}

/// What the update reads and writes of a layer does not depend on when it does.
TEST(FusedUpdate, GivesTheWeightsOfASeparateOne) {
  for (const Sets& sets :
       {Sets{}, Sets{{"training.optimizer", "adam"}}, Sets{{"numerics", "fp32"}},
        Sets{{"training.momentum", "0"}, {"training.batch_group", "1"}},
        Sets{{"pipeline.overlap", "false"}}, Sets{{"memory.organisation", "unified"}}}) {
    SCOPED_TRACE(sets.empty() ? "" : sets.front().path);
    EXPECT_EQ(trained(sets, "fused"), trained(sets, "separate"));
  }
}

TEST(FusedUpdate, IsWhatAutoTakes) {
  const auto update = [](const Sets& sets) {
    return nlohmann::json::parse(train(tiny_config(sets)).summary)["time"]["update"];
  };
  EXPECT_EQ(update({}), "fused");
  EXPECT_EQ(update({{"training.update", "separate"}}), "separate");
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2, 1}, 4);
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(card.group.fused, 1);
    card.retries = 1;
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(card.group.fused, 0) << "a group that may be repeated needs its weights";
    card.retries = 0;
    card.before_update = [](void*) { return 0; };
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(card.group.fused, 0) << "the hook sees the whole gradient";
    card.update = H2_UPDATE_FUSED;
    EXPECT_EQ(card.train(training_group), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&card.device), "group.update is fused, and before_update is set");
    card.update = H2_UPDATE_SEPARATE + 1;
    EXPECT_EQ(card.train(training_group), H2_DRV_ARGUMENT);
  });
}

/// Weights, master weights and momentum of a layer.
using LayerState = std::vector<std::uint8_t>;

std::vector<LayerState> state(Card& card) {
  std::vector<LayerState> all = card.weights();
  for (std::size_t l = 0; l < all.size(); ++l) {
    const h2_layer& place = card.device.layers[l];
    std::vector<std::uint8_t> bytes(all[l].size() / card.device.value_bytes * 4);
    for (const std::uint64_t offset : {place.master, place.momentum}) {
      EXPECT_TRUE(card.read(card.memory(2) + offset, bytes.data(), bytes.size()));
      all[l].insert(all[l].end(), bytes.begin(), bytes.end());
    }
  }
  return all;
}

/// Layers from `first` on.
bool equal_from(const std::vector<LayerState>& a, const std::vector<LayerState>& b,
                std::size_t first) {
  return std::equal(a.begin() + static_cast<std::ptrdiff_t>(first), a.end(),
                    b.begin() + static_cast<std::ptrdiff_t>(first));
}

bool equal_below(const std::vector<LayerState>& a, const std::vector<LayerState>& b,
                 std::size_t end) {
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(end), b.begin());
}

class FailedGroup : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  void SetUp() override {
    on_card([&](Card& card, const Config& config) {
      group_ = random_training_group(config, {2, 2}, 4);
      before_ = state(card);
      EXPECT_EQ(card.train(group_), H2_OK);
      after_ = state(card);
    });
  }

  /// One group with a refused access. False: the engine has no such transaction.
  bool break_off(Card& card, std::uint32_t after) {
    card.load();
    EXPECT_EQ(h2_confirm_weights(&card.device), H2_OK);
    EXPECT_TRUE(card.write_reg(H2_REG_INJECT, H2_PUT(INJECT, KIND, 1) |
                                                  H2_PUT(INJECT, ENGINE, GetParam()) |
                                                  H2_PUT(INJECT, AFTER, after)));
    const int error = card.train(group_);
    if (card.reg(H2_REG_INJECT) != 0) {
      EXPECT_EQ(error, H2_OK);
      EXPECT_TRUE(equal_from(state(card), after_, 0));
      return false;
    }
    EXPECT_EQ(error, H2_ERR_BUS);
    reason_ = h2_reason(&card.device);
    EXPECT_EQ(h2_recover(&card.device), H2_OK);
    return true;
  }

  /// Every layer is whole, and the next update of the step goes on below the boundary.
  void expect_partly_updated(Card& card, const Config& config) {
    const std::vector<LayerState> now = state(card);
    const std::size_t layers = now.size();
    std::size_t first = layers;
    while (first > 0 && now[first - 1] == after_[first - 1]) --first;
    ASSERT_GT(first, 0U);
    ASSERT_LT(first, layers);
    EXPECT_TRUE(equal_below(now, before_, first));
    EXPECT_EQ(reason_, "step 1 has updated layers " + std::to_string(first + 1) + " to " +
                           std::to_string(layers) + " of " + std::to_string(layers) +
                           " and left the others whole as they were");
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 0U);
    EXPECT_EQ(card.train(random_training_group(config, {2, 1}, 5)), H2_OK);
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 1U);
    EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED);
    const std::vector<LayerState> then = state(card);
    EXPECT_TRUE(equal_from(then, after_, first)) << "no layer takes a step twice";
    for (std::size_t l = 0; l < first; ++l) EXPECT_NE(then[l], before_[l]);
  }

  TrainingGroup group_;
  std::vector<LayerState> before_, after_;
  std::string reason_;
};

/// An error response at every third transaction of the engine.
TEST_P(FailedGroup, LeavesWholeLayersOrSaysThatTheyAreLost) {
  int untouched = 0, partly = 0, lost = 0;
  on_card([&](Card& card, const Config& config) {
    for (std::uint32_t after = 0; break_off(card, after); after += 3) {
      SCOPED_TRACE(after);
      ASSERT_LT(after, 5000U);
      const std::uint32_t status = card.reg(H2_REG_STATUS);
      if ((status & H2_STATUS_WEIGHTS_LOST) != 0) {
        ++lost;
        EXPECT_EQ(status & H2_STATUS_PARTLY_UPDATED, 0U);
        continue;
      }
      if ((status & H2_STATUS_PARTLY_UPDATED) != 0) {
        ++partly;
        expect_partly_updated(card, config);
        continue;
      }
      ++untouched;
      EXPECT_EQ(reason_, "");
      EXPECT_TRUE(equal_from(state(card), before_, 0));
      EXPECT_EQ(card.train(group_), H2_OK);
      EXPECT_TRUE(equal_from(state(card), after_, 0)) << "the group can be repeated";
    }
  });
  EXPECT_GT(untouched, 10);
  EXPECT_GT(partly, 0);
  EXPECT_EQ(lost > 0, GetParam() == kWeightUpdateEngine);
}

INSTANTIATE_TEST_SUITE_P(Engines, FailedGroup,
                         ::testing::Values(kBackwardEngine, kWeightUpdateEngine),
                         [](const auto& info) {
                           return std::string(info.param == kBackwardEngine ? "Backward"
                                                                            : "WeightUpdate");
                         });

/// A soft reset at any moment of a group whose update waits behind it.
TEST(FusedUpdate, ASoftResetLeavesTheWeightsBeforeOrAfter) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 4);
    std::vector<LayerState> ends[2] = {state(card), {}};
    card.group_without_update(training_group);
    EXPECT_EQ(h2_wait(&card.device, card.submit_update(1)), H2_OK);
    ends[1] = state(card);
    int seen[2] = {0, 0};
    for (int delay_ns = 0; delay_ns < 9000; delay_ns += 90) {
      SCOPED_TRACE(delay_ns);
      card.load();
      EXPECT_EQ(h2_confirm_weights(&card.device), H2_OK);
      h2_descriptor forward = card.prepare(training_group, H2_OP_FORWARD);
      EXPECT_EQ(h2_submit(&card.device, &forward), H2_OK);
      EXPECT_EQ(h2_wait(&card.device, forward.tag), H2_OK);  // no update beside a forward pass
      const h2_descriptor back = card.prepare(training_group, H2_OP_BACKWARD);
      h2_descriptor weight = card.prepare(training_group, H2_OP_WEIGHT_GRADIENT);
      weight.depends = back.tag;
      weight.flags = H2_DESC_FIRST | H2_DESC_LAST;
      h2_descriptor update{};
      update.version = H2_DESCRIPTOR_VERSION;
      update.size = sizeof update;
      update.opcode = H2_OP_UPDATE;
      update.tag = card.device.next_tag++;
      update.samples = 1;
      update.step = 1;
      update.table = card.device.table_address;
      for (const h2_descriptor& d : {back, weight, update}) card.submit_raw(d);
      sc_core::wait(delay_ns, sc_core::SC_NS);
      EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET));
      while (card.reg(H2_REG_CONTROL) != 0) {
      }
      const std::uint32_t step = card.reg(H2_REG_LAST_STEP);
      ASSERT_LE(step, 1U);
      ++seen[step];
      EXPECT_EQ(card.reg(H2_REG_STATUS), 0U);
      EXPECT_TRUE(equal_from(state(card), ends[step], 0));
    }
    EXPECT_GT(seen[0], 0);
    EXPECT_GT(seen[1], 0);
  });
}

}  // namespace
}  // namespace h2
