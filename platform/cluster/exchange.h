// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "modules/cluster/combination.h"

namespace h2 {

/// How a card comes to a meeting; of several the last one in this list counts for all. `preempted`:
/// the first card has broken off a test to make room, and all go on from where it began.
enum class CardState { done, overflow, preempted, stopped, failed };

/// What a card has found out about one part of a batch group.
struct PartResult {
  double loss = 0;  ///< sum over its samples
  std::uint32_t correct = 0;
  std::uint32_t samples = 0;
};

/// What a card brings to a meeting of all cards.
struct Contribution {
  CardState state = CardState::done;
  std::string reason;         ///< of a failure
  std::uint64_t time_ps = 0;  ///< simulated time of its arrival
  bool make_room = false;     ///< asks that all leave a checkpoint behind this meeting and end
  std::string account;        ///< what the others are to know of it: CardCounts as bytes
  std::vector<PartResult> results;
  Combination combination;                        ///< the same on all cards
  std::vector<std::vector<std::uint8_t>> values;  ///< of each of its parts; as many on all cards
};

/// What all cards take away from it, the same on all of them.
struct Agreement {
  CardState state = CardState::done;
  int card = 0;  ///< the first in that state
  std::string reason;
  std::vector<std::uint64_t> times_ps;  ///< by card
  std::uint64_t latest_ps = 0;
  bool make_room = false;             ///< any of the cards asks for it
  std::vector<std::string> accounts;  ///< by card
  std::vector<PartResult> results;    ///< of all parts in order
  std::vector<std::uint8_t> values;   ///< combined, if all are done
  std::size_t bad = 0;                ///< index of the first infinite or NaN, or their number
};

/// Where cards meet: they wait for each other and combine values. All cards call meet() equally
/// often. Models of the hardware know nothing of it.
class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  virtual int cards() const = 0;
  /// From the program of card `card`'s host; returns when all cards have come.
  virtual std::shared_ptr<const Agreement> meet(int card, Contribution mine) = 0;
  /// The card will not come again, since its program ends in an error. The others' meetings fail.
  virtual void leave(int card, const std::string& reason) = 0;
};

/// Puts together what the cards said, in their order, but for the values.
Agreement agree(const std::vector<const Contribution*>& cards);

}  // namespace h2
