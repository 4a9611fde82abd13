// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/platform/on_card.h"

// Injected faults, time-outs, refused accesses, and the way back to the same weights.

namespace h2 {
namespace {

std::uint32_t injection(std::uint32_t kind, std::uint32_t engine, std::uint32_t after) {
  return H2_PUT(INJECT, KIND, kind) | H2_PUT(INJECT, ENGINE, engine) | H2_PUT(INJECT, AFTER, after);
}

std::vector<std::vector<std::uint8_t>> undisturbed(const TrainingGroup& training_group) {
  std::vector<std::vector<std::uint8_t>> weights;
  on_card([&](Card& card, const Config&) {
    EXPECT_EQ(card.train(training_group), H2_OK);
    weights = card.weights();
  });
  return weights;
}

TEST(Faults, WithoutRetryTheGroupFailsAndTheWeightsStay) {
  on_card([](Card& card, const Config& config) {
    const auto before = card.weights();
    for (std::uint32_t engine = 0; engine < 3; ++engine) {
      SCOPED_TRACE(engine);
      EXPECT_TRUE(card.write_reg(H2_REG_INJECT, injection(1, engine, 3)));
      EXPECT_EQ(card.train(random_training_group(config, {2, 2}, 4)), H2_ERR_BUS);
      EXPECT_EQ(card.reg(H2_REG_INJECT), 0U);
      EXPECT_GE(card.device.failure.layer, 1U);
      EXPECT_NE(card.device.last_error, H2_OK);
      EXPECT_NE(card.device.last_error_tag, 0U);
      EXPECT_EQ(card.weights(), before);
      EXPECT_EQ(h2_recover(&card.device), H2_OK);
    }
    expect_works(card, config);
  });
}

/// An error response or silence at any transaction of any engine: reset, again, same weights.
TEST(Faults, RecoveryTrainsToTheSameWeights) {
  const TrainingGroup training_group = random_training_group(tiny_config(), {2, 2}, 4);
  const auto expected = undisturbed(training_group);
  int struck = 0;
  for (const std::uint32_t kind : {1U, 2U}) {
    on_card([&](Card& card, const Config&) {
      card.retries = 1;
      for (const std::uint32_t after : {0U, 1U, 2U, 5U, 9U, 14U, 20U, 33U}) {
        for (std::uint32_t engine = 0; engine < 3; ++engine) {
          SCOPED_TRACE(testing::Message() << kind << ", engine " << engine << ", after " << after);
          card.load();
          EXPECT_EQ(h2_set_timeout(&card.device, 100'000), H2_OK);
          EXPECT_TRUE(card.write_reg(H2_REG_INJECT, injection(kind, engine, after)));
          EXPECT_EQ(card.train(training_group), H2_OK);
          if (card.reg(H2_REG_INJECT) != 0) continue;
          struck += card.group.recoveries == 1;
          EXPECT_EQ(card.group.recoveries, 1U);
          EXPECT_EQ(card.weights(), expected);
        }
      }
    });
  }
  EXPECT_GE(struck, 40);
}

TEST(Faults, SilenceIsATimeOutThatNamesTheLayer) {
  on_card([](Card& card, const Config& config) {
    EXPECT_EQ(h2_set_timeout(&card.device, 50'000), H2_OK);
    EXPECT_EQ(card.reg(H2_REG_TIMEOUT), 49U);
    EXPECT_TRUE(card.write_reg(H2_REG_INJECT, injection(2, 1, 4)));
    EXPECT_EQ(card.train(random_training_group(config, {2, 2}, 4)), H2_ERR_TIMEOUT);
    EXPECT_GE(card.device.failure.layer, 1U);
    EXPECT_EQ(h2_recover(&card.device), H2_OK);
    expect_works(card, config);
  });
}

/// Without a limit nothing ends the wait: the watchdog lists what each process waits for.
TEST(Faults, SilenceWithoutALimitIsAHangThatIsNamed) {
  try {
    on_card(
        [](Card& card, const Config& config) {
          EXPECT_TRUE(card.write_reg(H2_REG_INJECT, injection(2, 0, 4)));
          card.train(random_training_group(config, {2, 2}, 4));
          ADD_FAILURE() << "came back";
        },
        {{"host.watchdog_cycles", "1000000"}});
    FAIL() << "no error";
  } catch (const std::exception& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("no progress"), std::string::npos) << text;
    EXPECT_NE(text.find("host waits for the interrupt"), std::string::npos) << text;
    EXPECT_NE(text.find("arrive waits for memory"), std::string::npos) << text;
  }
}

/// A soft reset frees a card that a silent memory has blocked.
TEST(Faults, ResetEndsAHang) {
  on_card([](Card& card, const Config& config) {
    EXPECT_TRUE(card.write_reg(H2_REG_INJECT, injection(2, 0, 2)));
    card.submit_raw(card.prepare(random_training_group(config, {2}, 4), H2_OP_FORWARD));
    sc_core::wait(200, sc_core::SC_US);
    EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED | H2_STATUS_BUSY);
    EXPECT_EQ(h2_recover(&card.device), H2_OK);
    EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED);
    expect_works(card, config);
  });
}

/// Broken off at any moment of the update, the weights are those before or those after it, and
/// LAST_STEP says which.
TEST(Faults, ResetNeverLeavesHalfAnUpdate) {
  const TrainingGroup training_group = random_training_group(tiny_config(), {2}, 4);
  std::vector<std::vector<std::uint8_t>> after;
  on_card([&](Card& card, const Config&) {
    card.group_without_update(training_group);
    EXPECT_EQ(h2_wait(&card.device, card.submit_update(1)), H2_OK);
    after = card.weights();
  });
  int finished = 0, untouched = 0;
  on_card([&](Card& card, const Config&) {
    const auto before = card.weights();
    for (int delay_ns = 0; delay_ns < 3000; delay_ns += 150) {
      SCOPED_TRACE(delay_ns);
      card.load();
      std::uint32_t step_before = 0, step = 0;
      EXPECT_EQ(h2_last_step(&card.device, &step_before), H2_OK);
      card.device.step = step_before;
      card.group_without_update(training_group);
      card.submit_update(step_before + 1);
      sc_core::wait(delay_ns, sc_core::SC_NS);
      EXPECT_EQ(h2_recover(&card.device), H2_OK);
      EXPECT_EQ(h2_last_step(&card.device, &step), H2_OK);
      EXPECT_EQ(card.weights(), step == step_before ? before : after);
      ++(step == step_before ? untouched : finished);
    }
  });
  EXPECT_GT(finished, 0);
  EXPECT_GT(untouched, 0);
}

TEST(Faults, ErrorsQueueUpInOrder) {
  on_card([](Card& card, const Config& config) {
    EXPECT_FALSE(card.write_reg(H2_REG_RING_TAIL, 99));
    EXPECT_FALSE(card.write_reg(H2_REG_RING_SIZE, 3));
    EXPECT_FALSE(card.write_reg(0x014, 0));
    const std::pair<std::uint32_t, std::uint32_t> expected[] = {{H2_ERR_DOORBELL, H2_REG_RING_TAIL},
                                                                {H2_ERR_RING, H2_REG_RING_SIZE},
                                                                {H2_ERR_REGISTER, 0x014}};
    for (const auto& [code, tag] : expected) {
      EXPECT_EQ(card.reg(H2_REG_ERROR), code);
      EXPECT_EQ(card.reg(H2_REG_ERROR_TAG), tag);
      EXPECT_TRUE(card.host.irq.read());
      EXPECT_TRUE(card.write_reg(H2_REG_IRQ_STATUS, H2_IRQ_ERROR));
    }
    expect_no_error(card);
    EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED);
    for (std::uint32_t i = 0; i < H2_ERROR_QUEUE + 3; ++i) card.write_reg(0x014, 0);
    EXPECT_EQ(card.reg(H2_REG_ERROR_LOST), 3U);
    card.load();
    EXPECT_EQ(card.reg(H2_REG_ERROR_LOST), 0U);
    expect_works(card, config);
  });
}

TEST(Windows, AreLockedUntilReset) {
  on_card([](Card& card, const Config& config) {
    for (const std::uint32_t reg :
         {H2_REG_WINDOW_BASE(1), H2_REG_WINDOW_LIMIT(1), H2_REG_WINDOW_CONTROL(1)}) {
      const std::uint32_t before = card.reg(reg);
      EXPECT_FALSE(card.write_reg(reg, 0));
      expect_error(card, H2_ERR_REGISTER, reg);
      EXPECT_EQ(card.reg(reg), before);
    }
    EXPECT_FALSE(card.write_reg(H2_REG_WINDOW_CONTROL(7), 8));  // no such bit
    expect_error(card, H2_ERR_REGISTER, H2_REG_WINDOW_CONTROL(7));
    EXPECT_EQ(h2_reset(&card.device), H2_OK);
    for (std::uint32_t n = 0; n < H2_WINDOWS; ++n) {
      EXPECT_EQ(card.reg(H2_REG_WINDOW_CONTROL(n)), 0U);
    }
    card.load();
    expect_works(card, config);
  });
}

/// Each right and each memory that is missing is missed, and nothing is written.
TEST(Windows, EveryPhaseNeedsItsOwn) {
  struct Missing {
    std::uint32_t window, rights;
    std::uint32_t forward, group;  // what a forward pass and a whole group end with
  };
  const Missing cases[] = {{0, 0, H2_ERR_WINDOW, H2_ERR_WINDOW},
                           {0, H2_WINDOW_READ, H2_ERR_WINDOW, H2_ERR_WINDOW},
                           {0, H2_WINDOW_WRITE, H2_ERR_WINDOW, H2_ERR_WINDOW},
                           {1, 0, H2_OK, H2_ERR_WINDOW}};
  on_card([&](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 4);
    for (const Missing& missing : cases) {
      SCOPED_TRACE(testing::Message() << missing.window << " rights " << missing.rights);
      card.load();
      const auto before = card.weights();
      EXPECT_EQ(h2_reset(&card.device), H2_OK);
      for (std::uint32_t n = 0; n < 3; ++n) {
        const std::uint32_t all = H2_WINDOW_READ | H2_WINDOW_WRITE;
        card.write_reg(H2_REG_WINDOW_BASE(n), static_cast<std::uint32_t>(H2_MEM_BASE(n) >> 12));
        card.write_reg(H2_REG_WINDOW_LIMIT(n),
                       static_cast<std::uint32_t>((H2_MEM_BASE(n) + card.device.used[n]) >> 12));
        card.write_reg(H2_REG_WINDOW_CONTROL(n), n == missing.window ? missing.rights : all);
      }
      card.device.parity = 0;
      h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
      EXPECT_EQ(h2_submit(&card.device, &d), H2_OK);
      EXPECT_EQ(h2_wait(&card.device, d.tag), static_cast<int>(missing.forward));
      card.device.parity = 0;
      EXPECT_EQ(card.train(training_group), static_cast<int>(missing.group));
      EXPECT_EQ(card.weights(), before);
    }
    card.load();
    expect_works(card, config);
  });
}

/// The rings themselves are out of reach: there is nowhere to write a completion to.
TEST(Windows, RingsNeedOneToo) {
  on_card([](Card& card, const Config& config) {
    EXPECT_EQ(h2_reset(&card.device), H2_OK);
    EXPECT_TRUE(card.write_reg(H2_REG_RING_TAIL, 1));
    while (card.reg(H2_REG_ERROR) == H2_OK) sc_core::wait(1, sc_core::SC_US);
    expect_error(card, H2_ERR_RING, 0);
    card.load();
    expect_works(card, config);
  });
}

TEST(Faults, TagInFlightIsRefused) {
  on_card([](Card& card, const Config& config) {
    const TrainingGroup training_group = random_training_group(config, {2}, 2);
    const h2_descriptor d = card.prepare(training_group, H2_OP_FORWARD);
    card.submit_raw(d);
    card.submit_raw(d);
    while (card.reg(H2_REG_COMPLETION_HEAD) != 2) sc_core::wait(1, sc_core::SC_US);
    EXPECT_EQ(card.completion(0).status, H2_ERR_TAG);  // refused while the first is under way
    EXPECT_EQ(card.completion(1).status, H2_OK);
    card.load();
    expect_works(card, config);
  });
}

TEST(Faults, InjectionIsChecked) {
  on_card([](Card& card, const Config&) {
    for (const std::uint32_t value : {injection(3, 0, 0), injection(1, 3, 0), 0x10U}) {
      EXPECT_FALSE(card.write_reg(H2_REG_INJECT, value));
      expect_error(card, H2_ERR_REGISTER, H2_REG_INJECT);
    }
  });
}

}  // namespace
}  // namespace h2
