// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/platform/on_card.h"

// Updates that break off: the card reports that the weights are lost and works again with new
// ones.

namespace h2 {
namespace {

constexpr std::uint32_t kWeightUpdateEngine = 2;

std::uint32_t injection(std::uint32_t kind, std::uint32_t after) {
  return H2_PUT(INJECT, KIND, kind) | H2_PUT(INJECT, ENGINE, kWeightUpdateEngine) |
         H2_PUT(INJECT, AFTER, after);
}

int update(Card& card) { return h2_wait(&card.device, card.submit_update(1)); }

int forward(Card& card, const TrainingGroup& training_group) {
  h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
  EXPECT_EQ(h2_submit(&card.device, &d), H2_OK);
  return h2_wait(&card.device, d.tag);
}

/// Refuses all until the weights are written and confirmed, then trains as a new card.
void expect_lost_until_confirmed(Card& card, const TrainingGroup& training_group) {
  EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED | H2_STATUS_WEIGHTS_LOST);
  EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 0U);
  EXPECT_EQ(forward(card, training_group), H2_ERR_WEIGHTS);
  card.load();
  EXPECT_EQ(forward(card, training_group), H2_ERR_WEIGHTS)
      << "a soft reset does not bring them back";
  EXPECT_EQ(h2_confirm_weights(&card.device), H2_OK);
  EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED);
}

enum class Ending { error, time_out, reset };

/// One update with a fault at transaction `after`. False: the update has no such transaction, and
/// the card's weights are those after it.
bool break_off(Card& card, Ending ending, std::uint32_t after) {
  EXPECT_EQ(h2_set_timeout(&card.device, ending == Ending::time_out ? 20'000 : 0), H2_OK);
  EXPECT_TRUE(card.write_reg(H2_REG_INJECT, injection(ending == Ending::error ? 1 : 2, after)));
  const std::uint32_t tag = card.submit_update(1);
  sc_core::wait(10, sc_core::SC_US);  // several times what the update needs
  if (card.reg(H2_REG_INJECT) != 0) {
    EXPECT_EQ(h2_wait(&card.device, tag), H2_OK);
    return false;
  }
  if (ending == Ending::reset) {
    EXPECT_EQ(card.reg(H2_REG_STATUS) & H2_STATUS_BUSY, H2_STATUS_BUSY);
    EXPECT_EQ(h2_recover(&card.device), H2_OK);
  } else {
    EXPECT_EQ(h2_wait(&card.device, tag), ending == Ending::error ? H2_ERR_BUS : H2_ERR_TIMEOUT);
  }
  return true;
}

class LostWeights : public ::testing::TestWithParam<Ending> {};

/// An error response, no response within the time-out, no response before a soft reset.
TEST_P(LostWeights, AtEveryTransactionOfAnUpdate) {
  const TrainingGroup training_group = random_training_group(tiny_config(), {2}, 4);
  std::vector<std::vector<std::uint8_t>> undisturbed;
  on_card([&](Card& card, const Config&) {
    card.group_without_update(training_group);
    EXPECT_EQ(update(card), H2_OK);
    undisturbed = card.weights();
  });
  on_card([&](Card& card, const Config&) {
    std::uint32_t transactions = 0;
    for (card.group_without_update(training_group); break_off(card, GetParam(), transactions);
         card.group_without_update(training_group), ++transactions) {
      SCOPED_TRACE(transactions);
      ASSERT_LT(transactions, 1000U);
      expect_lost_until_confirmed(card, training_group);
    }
    EXPECT_GT(transactions, 20U);
    EXPECT_EQ(card.weights(), undisturbed);
  });
}

std::string name_of_ending(const ::testing::TestParamInfo<Ending>& info) {
  return info.param == Ending::error      ? "Error"
         : info.param == Ending::time_out ? "TimeOut"
                                          : "Reset";
}

INSTANTIATE_TEST_SUITE_P(Endings, LostWeights,
                         ::testing::Values(Ending::error, Ending::time_out, Ending::reset),
                         name_of_ending);

/// Optimiser state that makes the new weights infinite or no number.
TEST(UpdateFailures, WeightsThatAreNotFiniteAreAnError) {
  for (const std::uint32_t bits : {0x7F800000U, 0xFFFFFFFFU, 0x7F000000U}) {
    SCOPED_TRACE(bits);
    on_card([&](Card& card, const Config& config) {
      const TrainingGroup training_group = random_training_group(config, {2}, 4);
      card.group_without_update(training_group);
      const std::uint64_t at = card.memory(2) + card.device.layers[1].momentum;
      EXPECT_TRUE(card.write(at, &bits, sizeof bits));
      EXPECT_EQ(update(card), H2_ERR_OVERFLOW);
      EXPECT_EQ(card.device.failure.layer, 2U);
      expect_lost_until_confirmed(card, training_group);
      expect_works(card, config);
    });
  }
}

TEST(UpdateFailures, AStepMayBeWrittenToLastStepBeforeTheFirstUpdateBehindAReset) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 4);
    EXPECT_EQ(h2_resume_steps(&card.device, 7), H2_OK);
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 7U);
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 8U);
    EXPECT_EQ(h2_resume_steps(&card.device, 3), H2_DRV_ARGUMENT);
    EXPECT_STREQ(h2_reason(&card.device), "step is set too late: reset the card first");
    expect_error(card, H2_ERR_REGISTER, H2_REG_LAST_STEP);
    EXPECT_EQ(h2_recover(&card.device), H2_OK);
    EXPECT_EQ(h2_resume_steps(&card.device, 3), H2_OK);
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 4U);
  });
}

TEST(UpdateFailures, OnlyZeroMayBeWrittenToLastStepAndOnlyAtRest) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 4);
    EXPECT_EQ(card.train(training_group), H2_OK);
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 1U);
    EXPECT_FALSE(card.write_reg(H2_REG_LAST_STEP, 7));
    expect_error(card, H2_ERR_REGISTER, H2_REG_LAST_STEP);
    card.submit_raw(card.prepare(training_group, H2_OP_FORWARD));
    sc_core::wait(200, sc_core::SC_NS);
    EXPECT_FALSE(card.write_reg(H2_REG_LAST_STEP, 0));
    expect_error(card, H2_ERR_REGISTER, H2_REG_LAST_STEP);
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 1U);
    EXPECT_EQ(h2_recover(&card.device), H2_OK);
    EXPECT_EQ(h2_confirm_weights(&card.device), H2_OK);
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 0U);
    EXPECT_EQ(card.train(training_group), H2_OK) << "steps count from 1";
    EXPECT_EQ(card.reg(H2_REG_LAST_STEP), 1U);
  });
}

}  // namespace
}  // namespace h2
