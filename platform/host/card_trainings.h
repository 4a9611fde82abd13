// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "platform/cluster/exchange.h"
#include "platform/host/training.h"

namespace h2 {

/// Where the other cards are that train together with those of a board.
struct Elsewhere {
  Exchange* exchange = nullptr;  ///< null: all cards are on the board
  int card = 0;                  ///< of the board's only one
};
/// Nodes that the board of such a training has.
int nodes_of(const Config& config, const Elsewhere& elsewhere);

/// Throws InputError unless every card has samples, and every batch group a sub-batch for each
/// part.
void require_shares(const Config& config, const Dataset& train);

/// The training programs of a board's cards, which it gives to their hosts. Card 0 of the cluster,
/// or the only one of the board, keeps the record.
class CardTrainings {
 public:
  /// All but `start` outlive it.
  CardTrainings(const Config& config, const LoadedData& data, const TrainingState& start,
                Platform& platform, RunRecord& record, const Elsewhere& elsewhere = {});

  /// Of the board's first card.
  Training& first() { return *trainings_.front(); }
  const Training& first() const { return *trainings_.front(); }
  void set_stop(const std::function<bool()>& stop);
  void set_make_room(const std::function<bool()>& make_room);
  /// What the board's other cards leave.
  const std::deque<RunRecord>& other_records() const { return others_; }

 private:
  Seat seat_of(const Config& config, int node, const Elsewhere& elsewhere);

  std::vector<std::unique_ptr<Exchange>> exchanges_;
  Exchange* shared_ = nullptr;
  std::deque<RunRecord> others_;
  std::vector<std::unique_ptr<Training>> trainings_;
};

}  // namespace h2
