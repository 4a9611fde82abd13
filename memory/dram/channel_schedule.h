// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "memory/dram/channel.h"

// What DramChannel does for every line: to be compiled where the lines are handed on.

namespace h2 {

inline DramChannel::Choice DramChannel::offer_column(int bank, bool write) const {
  return Choice::column(std::max(not_before_, device_.column_ready(write, bank)), write,
                        queues_[write].hit_key(bank));
}

inline DramChannel::Choice DramChannel::offer_activate(int bank, bool write) const {
  return Choice::other(std::max(not_before_, device_.activate_ready(bank)), Command::activate,
                       queues_[write].oldest(bank).key);
}

inline DramChannel::Choice DramChannel::offer_precharge(int bank, bool write) const {
  return Choice::other(std::max(not_before_, device_.precharge_ready(bank)), Command::precharge,
                       queues_[write].oldest(bank).key);
}

inline DramChannel::Choice DramChannel::offer_row(int bank, bool write) const {
  const bool open = (device_.open_banks() & bank_bit(bank)) != 0;
  return open ? offer_precharge(bank, write) : offer_activate(bank, write);
}

/// The direction in which the next command will serve: a function of the queues and of what has
/// been committed, so that asking does not change it.
inline bool DramChannel::next_direction() const {
  const int reads = queues_[0].lines(), writes = queues_[1].lines();
  if (writes == 0) return false;
  if (reads == 0) return true;
  if (writing_) return batch_left_ > 0 && writes > low_mark_;
  return writes >= high_mark_ && batch_left_ <= 0;
}

/// Banks that may close their row, whether or not younger runs hit it: the oldest run of the bank
/// waits for another one, and none waits for the row to be read or written that was opened for it.
inline BankSet DramChannel::closing_banks(bool write) const {
  const RunQueue& queue = queues_[write];
  return queue.banks() & ~(queue.kept_banks() | activated_banks_[0] | activated_banks_[1]);
}

inline bool DramChannel::none_waited_too_long(bool write, Clock at) {
  Clock& oldest = oldest_accepted_[write];
  if (at > oldest + kLongestWait) oldest = queues_[write].oldest_accepted();
  return at <= oldest + kLongestWait;
}

/// A command found earlier still is the best as long as it lies ahead: of several in the past, the
/// oldest run would win.
inline const DramChannel::Choice& DramChannel::row_choice(bool write) {
  const RowChoice& row = row_choice_;
  const bool valid = row.known && row.exact && row.write == write && row.best.at >= not_before_;
  if (!valid) find_row_choice(write);
  return row.best;
}

/// Nothing but column commands can go before clock `at`.
inline bool DramChannel::no_row_before(Clock at, bool write) {
  const RowChoice& row = row_choice_;
  if (row.known && row.write == write && row.best.at >= at) return true;
  return row_choice(write).at >= at;
}

/// After every change that may lead to another command.
[[gnu::always_inline]] inline void DramChannel::choose_next() {
  next_write_ = next_direction();
  next_ = next_write_ ? request_choice<true>() : request_choice<false>();
  if (next_.at >= refresh_due_ && !idle()) next_ = refresh_choice(next_write_);
}

/// Column commands that can go as soon as the bus allows go at the same clock, so that their age
/// decides, and before them only a row command at an earlier clock.
template <bool write>
inline DramChannel::Choice DramChannel::request_choice() {
  if (activated_banks_[!write] != 0) return pending_choice(write);
  const RunQueue& queue = queues_[write];
  const BankSet hits = queue.hit_banks();
  if (hits == 0) return row_choice(write);
  const Clock at = std::max(not_before_, device_.column_ready(write));
  const BankSet ready = device_.ready_banks(hits, write, at);
  if (ready == 0 || !none_waited_too_long(write, at)) return any_choice(write);
  if (at > not_before_ && !no_row_before(at, write)) return row_choice_.best;
  return Choice::column(at, write, queue.oldest_hit_key(ready));
}

template <bool write>
inline void DramChannel::issue_columns(Choice choice, DramServed& s) {
  const int bank = choice.bank();
  RunQueue& queue = queues_[write];
  const RunQueue::Entry& hit = queue.hit(bank);
  const int lines = hit.run.lines == 1 ? 1 : lines_to_issue(hit.run, write, choice.at);
  const Clock last = choice.at + (lines - 1) * run_gap_;
  device_.issue_columns(write, bank, choice.at, last);
  if (observer_) observer_(choice.command(), bank, hit.run.row, choice.at);

  s.owner = hit.run.owner;
  s.lines = lines;
  s.write = write;
  s.accepted = hit.accepted;
  s.data_end = last + (write ? timing().write_latency : timing().read_latency);
  served_lines_[write] += static_cast<std::uint64_t>(lines);
  served_misses_ += activated_banks_[write] >> bank & 1;

  if (write == writing_) batch_left_ -= lines;
  activated_banks_[write] &= ~bank_bit(bank);
  queue.serve(bank, lines);
  RowChoice& row = row_choice_;
  if (write != row.write) row.known = false;
  if (!row.known) return;
  if (!row.best.is_column() && row.best.bank() == bank) {
    row.exact = false;  // its precharge has to wait longer
  } else if ((closing_banks(write) & bank_bit(bank)) != 0) {
    row.best.improve(offer_precharge(bank, write));
  }
}

template <bool write>
inline void DramChannel::push(const DramRun& run, Clock now) {
  if (idle()) catch_up(now);
  RunQueue& queue = queues_[write];
  const BankSet bank = bank_bit(run.bank);
  const bool first = (queue.banks() & bank) == 0;
  const bool hit = device_.open_row(run.bank) == run.row;
  const bool changes_bank = hit ? (queue.hit_banks() & bank) == 0 : first;
  queue.push(run, now, run_key(order_++, run.bank, write), hit);
  not_before_ = std::max(not_before_, now + 1);
  if (changes_bank && !hit && write == row_choice_.write) {
    row_choice_.best.improve(offer_row(run.bank, write));
  }
  // Younger than all others, the run changes the choice only with the direction or its bank.
  const bool matters = (write == next_write_ && changes_bank) || next_direction() != next_write_;
  if (matters || next_.at >= refresh_due_) reconsider();
}

[[gnu::always_inline]] inline void DramChannel::push(bool write, const DramRun& run, Clock now) {
  write ? push<true>(run, now) : push<false>(run, now);
}

[[gnu::always_inline]] inline DramServed DramChannel::issue_next() {
  DramServed served;
  const Choice choice = next_;
  if (choice.command() >= Command::precharge_all) {
    issue_maintenance(choice);
  } else {
    if (next_write_ != writing_) set_direction(next_write_);
    not_before_ = choice.at + 1;
    if (!choice.is_column()) {
      issue_row(choice);
    } else if (choice.write()) {
      issue_columns<true>(choice, served);
    } else {
      issue_columns<false>(choice, served);
    }
  }
  choose_next();
  return served;
}

template <class Serve>
[[gnu::always_inline]] inline void DramChannel::advance(Clock until, Serve serve) {
  while (due(until)) {
    const DramServed served = issue_next();
    if (served.lines > 0) serve(served);
  }
}

}  // namespace h2
