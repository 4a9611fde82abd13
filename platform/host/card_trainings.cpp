// SPDX-License-Identifier: Apache-2.0
#include "platform/host/card_trainings.h"

#include "modules/base/error.h"
#include "modules/cluster/shards.h"
#include "platform/cluster/board_exchange.h"
#include "platform/platform.h"

namespace h2 {

int nodes_of(const Config& config, const Elsewhere& elsewhere) {
  if (elsewhere.exchange != nullptr) return 1;
  if (config.cluster.cards > Platform::kMostNodes) {
    throw InputError("cluster.cards: " + std::to_string(config.cluster.cards) +
                     "; legal in one process: 1 to " + std::to_string(Platform::kMostNodes) +
                     ", more with --mpi");
  }
  return config.cluster.cards;
}

void require_shares(const Config& config, const Dataset& train) {
  if (!config.federated.enabled()) return require_parts(config.training, train.size());
  for (int card = 0; card < config.cluster.cards; ++card) {
    const std::size_t samples = shard_of(train.labels, config.federated.shards,
                                         config.cluster.cards, card, config.training.seed)
                                    .size();
    if (epoch_sub_batches(config.training, samples) == 0) {
      throw InputError("cluster.cards: " + std::to_string(config.cluster.cards) +
                       " cards of a federated training, of which card " + std::to_string(card) +
                       " gets " + std::to_string(samples) + " of " + std::to_string(train.size()) +
                       " samples; legal: a sub-batch for each, or fewer cards");
    }
    require_parts(config.training, samples);
  }
}

Seat CardTrainings::seat_of(const Config& config, int node, const Elsewhere& elsewhere) {
  Seat seat;
  seat.card = elsewhere.exchange != nullptr ? elsewhere.card : node;
  seat.cards = config.cluster.cards;
  seat.node = node;
  if (!config.federated.enabled()) {
    if (config.training.replicas > 1) seat.sums = shared_;
    return seat;
  }
  seat.averages = shared_;
  if (config.training.replicas > 1) {
    exchanges_.push_back(std::make_unique<BoardExchange>(1));
    seat.sums = exchanges_.back().get();
  }
  return seat;
}

CardTrainings::CardTrainings(const Config& config, const LoadedData& data,
                             const TrainingState& start, Platform& platform, RunRecord& record,
                             const Elsewhere& elsewhere) {
  const int nodes = nodes_of(config, elsewhere);
  shared_ = elsewhere.exchange;
  if (shared_ == nullptr) {
    exchanges_.push_back(std::make_unique<BoardExchange>(nodes));
    shared_ = exchanges_.back().get();
  }
  for (int node = 0; node < nodes; ++node) {
    RunRecord& own = node == 0 ? record : others_.emplace_back(record);
    trainings_.push_back(std::make_unique<Training>(config, data, start, platform, own,
                                                    seat_of(config, node, elsewhere)));
    Training& training = *trainings_.back();
    platform.nodes[static_cast<std::size_t>(node)]->host.program = [&training](HostCpu& host) {
      training(host);
    };
  }
}

void CardTrainings::set_stop(const std::function<bool()>& stop) {
  for (const auto& training : trainings_) training->stop = stop;
}

void CardTrainings::set_make_room(const std::function<bool()>& make_room) {
  for (const auto& training : trainings_) training->make_room = make_room;
}

}  // namespace h2
