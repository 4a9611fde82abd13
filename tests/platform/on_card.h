// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "tests/platform/card.h"
#include "tests/platform/simulation.h"

namespace h2 {

/// Runs `program` on the host of a tiny board with a loaded card.
inline void on_card(const std::function<void(Card&, const Config&)>& program,
                    const Sets& sets = {}) {
  const Config config = tiny_config(sets);
  Bench bench(config);
  bench.run([&](HostCpu& host) {
    Card card(host, config);
    program(card, config);
  });
}

/// The card raised its error interrupt for `error`; clears it.
inline void expect_error(Card& card, std::uint32_t error, std::uint32_t tag) {
  EXPECT_EQ(card.reg(H2_REG_ERROR), error);
  EXPECT_EQ(card.reg(H2_REG_ERROR_TAG), tag);
  EXPECT_EQ(card.reg(H2_REG_IRQ_STATUS) & H2_IRQ_ERROR, H2_IRQ_ERROR);
  EXPECT_EQ(card.reg(H2_REG_STATUS) & H2_STATUS_ERROR, H2_STATUS_ERROR);
  EXPECT_TRUE(card.write_reg(H2_REG_IRQ_STATUS, H2_IRQ_ERROR));
  EXPECT_EQ(card.reg(H2_REG_ERROR), H2_OK);
  EXPECT_EQ(card.reg(H2_REG_STATUS) & H2_STATUS_ERROR, 0U);
}

inline void expect_no_error(Card& card) { EXPECT_EQ(card.reg(H2_REG_ERROR), H2_OK); }

/// A group trains and leaves nothing behind.
inline void expect_works(Card& card, const Config& config) {
  EXPECT_EQ(card.train(random_training_group(config, {2, 1}, 11)), H2_OK);
  EXPECT_EQ(card.reg(H2_REG_STATUS), H2_STATUS_ENABLED);
}

}  // namespace h2
