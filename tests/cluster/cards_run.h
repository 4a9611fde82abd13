// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "platform/host/card_trainings.h"
#include "tests/platform/simulation.h"

namespace h2 {

/// The tiny configuration with eight sub-batches of two in a group, two groups and a short one of
/// four sub-batches, then `sets`.
Sets with(const Sets& sets);
/// The same on so many cards, with so many parts of a group.
Sets on(int cards, int parts, const Sets& more = {});

struct CardsRun {
  RunRecord record;
  std::vector<std::vector<std::vector<std::uint8_t>>> weights;  ///< by card
  std::uint64_t cycles = 0;
  nlohmann::ordered_json summary;
};

/// Trains on one board; `stop_after`: so many questions whether it is to stop are answered by no.
CardsRun train_cards(const Config& config, int stop_after = -1);
CardsRun train_cards(const Sets& sets);

}  // namespace h2
