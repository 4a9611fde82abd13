// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "modules/cluster/collective.h"
#include "platform/cluster/exchange.h"
#include "traces/results/run_record.h"

namespace h2 {

class HostCpu;

/// Which of the cards that train together a program's is, and where it meets the others.
struct Seat {
  int card = 0, cards = 1;
  int node = 0;                  ///< of the board that the card is on
  Exchange* sums = nullptr;      ///< of gradients; null: batch groups have one part
  Exchange* averages = nullptr;  ///< of weights, in a federated training; sums are then its own
  /// Where all cards meet, or null.
  Exchange* all() const { return averages != nullptr ? averages : sums; }
};

/// Comes to a meeting at the present simulated time and lets time pass until the last card has
/// come, unless one has failed. From the host's program.
std::shared_ptr<const Agreement> meet(HostCpu& host, Exchange& exchange, int card,
                                      Contribution mine);
/// Told of a meeting that has combined values, when its time has passed.
using OnMeeting = std::function<void(const Agreement&, const CollectiveCost&)>;
/// Adds a meeting to the record. The board's time began at `first_ps` of the run.
void count_meeting(RunRecord& record, const Agreement& agreement, const CollectiveCost& cost,
                   std::uint64_t first_ps);
/// Shows a meeting that has ended on the host's timeline: the links and Mem2, and waiting of cards.
void show_meeting(const HostCpu& host, const Agreement& agreement, const CollectiveCost& cost);
/// The text for the failure of another card.
std::string failure_of(const Agreement& agreement);

}  // namespace h2
