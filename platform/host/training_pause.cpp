// SPDX-License-Identifier: Apache-2.0
// How a training leaves its board before its end, and what its cards tell each other then.

#include "modules/base/error.h"
#include "platform/checkpoint/checkpoint.h"
#include "platform/host/snapshot.h"
#include "platform/host/training.h"
#include "platform/platform.h"

namespace h2 {

void Training::pause_here(bool preempted) {
  paused_ = true;
  preempted_ = preempted;
}

/// Whether all cards have the same weights here: always, or where a federated round ends. At the
/// end of the training the epoch under way is the one behind the last.
bool Training::may_pause() const {
  if (seat_.averages == nullptr) return true;
  if (state_.epoch == static_cast<std::uint64_t>(config_.training.epochs)) return true;
  return (state_.epoch + 1) % static_cast<std::uint64_t>(config_.federated.local_epochs) == 0;
}

/// The others come to the end of the next group, or of the round.
void Training::tell(HostCpu& host, CardState state) {
  if (seat_.cards == 1) return;
  Contribution mine;
  mine.state = state;
  const auto all = meet(host, *seat_.all(), seat_.card, std::move(mine));
  told_ = true;
  if (all->state == CardState::failed) throw RunError(failure_of(*all));
  if (all->state != CardState::stopped) return;
  paused_ = preempted_ = false;
  record_.interrupted = true;
}

/// A meeting in which every card says what it has counted on this board.
std::shared_ptr<const Agreement> Training::gather(HostCpu& host) {
  Contribution mine;
  mine.make_room = has_to_make_room();
  CardCounts counts{take_snapshot(platform_, seat_.node) - board_start_.spent, 0};
  if (seat_.averages != nullptr) counts.samples = record_.samples - board_start_.samples;
  mine.account = to_bytes(counts);
  auto all = meet(host, *seat_.all(), seat_.card, std::move(mine));
  if (all->state == CardState::failed) throw RunError(failure_of(*all));
  return all;
}

void Training::take_up(const Agreement& all) {
  if (!record_.cluster) return;
  std::vector<CardCounts>& others = record_.cluster->others;
  others.resize(all.accounts.size());
  for (std::size_t card = 1; card < others.size(); ++card) {
    const CardCounts gain = counts_from(all.accounts[card]);
    others[card].spent = others[card].spent + gain.spent;
    others[card].samples += gain.samples;
  }
}

/// All cards pause; the first one may have been stopped in its test instead.
void Training::hand_over(HostCpu& host) {
  if (seat_.cards == 1) return;
  auto all = gather(host);
  // It was not the others' pause, but the next thing that they came to.
  if (all->state == CardState::preempted) {
    preempted_ = true;
    all = gather(host);
  }
  if (all->state == CardState::done) {
    preempted_ = preempted_ || all->make_room;
    return take_up(*all);
  }
  paused_ = preempted_ = false;
  record_.interrupted = true;
}

/// The end of the training on all cards. The first one may have broken off its test to make room.
void Training::conclude(HostCpu& host) {
  if (seat_.cards == 1) return;
  const auto all = gather(host);
  if (all->state == CardState::done) return take_up(*all);
  if (all->state == CardState::stopped) {
    record_.interrupted = true;
    return;
  }
  pause_here(true);
  hand_over(host);
}

/// Keeps what another board needs to go on. It begins at a clock edge.
void Training::leave_state(HostCpu& host) {
  const sc_core::sc_time into =
      sc_core::sc_time::from_value(sc_core::sc_time_stamp().value() % platform_.period().value());
  if (into != sc_core::SC_ZERO_TIME) host.pause(platform_.period() - into);
  state_.layers = read_state(config_, host, card_);
  if (!preempted_) return;
  record_.train_end = take_snapshot(platform_);
  record_.interrupted = true;
}

}  // namespace h2
