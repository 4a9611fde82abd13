// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "memory/dram/channel_schedule.h"

namespace h2 {

DramChannel::DramChannel(const DramSpec& spec, Clock run_gap)
    : refresh_due_(spec.trefi),
      run_gap_(run_gap),
      high_mark_((spec.write_queue * 4 + 4) / 5),
      low_mark_(spec.write_queue / 5),
      device_(spec),
      queues_{RunQueue(spec.read_queue, device_.banks()),
              RunQueue(spec.write_queue, device_.banks())} {}

/// While runs of the other direction wait in rows activated for them.
DramChannel::Choice DramChannel::pending_choice(bool write) const {
  Choice best;
  for (BankSet set = queues_[write].banks() | activated_banks_[!write]; set != 0; set &= set - 1) {
    best.improve(bank_choice(first_bank(set), write));
  }
  return best;
}

DramChannel::Choice DramChannel::bank_choice(int b, bool write) const {
  const BankSet bank = bank_bit(b);
  if ((activated_banks_[!write] & bank) != 0) return offer_column(b, !write);
  Choice best = column_choice(b, write);
  if ((closing_banks(write) & bank) != 0) best.improve(offer_row(b, write));
  return best;
}

/// None while runs of the other direction wait in rows opened for them, nor once the oldest run of
/// the bank has waited too long for its row.
DramChannel::Choice DramChannel::column_choice(int b, bool write) const {
  const RunQueue& queue = queues_[write];
  if ((queue.hit_banks() & bank_bit(b)) == 0 || activated_banks_[!write] != 0) return {};
  const Choice column = offer_column(b, write);
  const bool too_late = column.at > queue.oldest(b).accepted + kLongestWait;
  return too_late && (closing_banks(write) & bank_bit(b)) != 0 ? Choice{} : column;
}

DramChannel::Choice DramChannel::maintenance_choice() const {
  const Command command = device_.all_closed() ? Command::refresh : Command::precharge_all;
  const Clock at = std::max({refresh_due_, not_before_, device_.earliest(command, 0)});
  return Choice::other(at, command, 0);
}

/// Once a refresh is due no row is opened; column commands go on only where they do not delay the
/// precharge of all banks.
DramChannel::Choice DramChannel::refresh_choice(bool write) const {
  const Choice maintenance = maintenance_choice();
  if (device_.all_closed()) return maintenance;
  const DramTiming& t = timing();
  Choice best;
  for (BankSet set = queues_[write].banks() | activated_banks_[!write]; set != 0; set &= set - 1) {
    const int bank = first_bank(set);
    const bool other = (activated_banks_[!write] & bank_bit(bank)) != 0;
    Choice c = other ? offer_column(bank, !write) : column_choice(bank, write);
    if (c.at == kNever) continue;
    c.at = std::max(c.at, refresh_due_);
    const Clock closes = c.at + (c.write() ? t.write_to_precharge : t.read_to_precharge);
    if (closes <= maintenance.at && c.before(best)) best = c;
  }
  return best.at == kNever ? maintenance : best;
}

/// Of all banks, each asked by itself.
DramChannel::Choice DramChannel::any_choice(bool write) {
  Choice best = row_choice(write);
  for (BankSet set = queues_[write].hit_banks(); set != 0; set &= set - 1) {
    best.improve(column_choice(first_bank(set), write));
  }
  return best;
}

void DramChannel::find_row_choice(bool write) {
  const BankSet banks = closing_banks(write);
  Choice best;
  for (BankSet set = banks & ~device_.open_banks(); set != 0; set &= set - 1) {
    best.improve(offer_activate(first_bank(set), write));
  }
  for (BankSet set = banks & device_.open_banks(); set != 0; set &= set - 1) {
    best.improve(offer_precharge(first_bank(set), write));
  }
  row_choice_ = {write, true, true, best};
}

Clock DramChannel::earliest_write(Clock from) const {
  const Clock at = std::max(from, device_.earliest_column(true));
  if (next_direction() || activated_banks_[1] != 0) return at;
  // A batch of reads comes first, unless their queue runs empty.
  const int batch = writing_ ? high_mark_ - low_mark_ : batch_left_;
  const int reads = std::min(batch, queues_[0].lines());
  if (reads <= 0) return at;
  const Clock last_read =
      std::max(from, device_.earliest_column(false)) + (reads - 1) * timing().cas_gap_s;
  return std::max(at, last_read + timing().read_to_write);
}

void DramChannel::set_direction(bool write) {
  writing_ = write;
  batch_left_ = write ? high_mark_ : high_mark_ - low_mark_;
  ++statistics_.turnarounds;
}

/// Of a run, as many lines as fit before a refresh or a change of direction.
int DramChannel::lines_to_issue(const DramRun& run, bool write, Clock at) const {
  if (at >= refresh_due_) return 1;
  const Clock before_refresh = (refresh_due_ - at + run_gap_ - 1) / run_gap_;
  const int lines = static_cast<int>(std::min<Clock>(run.lines, before_refresh));
  const bool bounded = queues_[!write].lines() > 0 && write == writing_ && batch_left_ > 0;
  if (!bounded) return lines;
  const int above = queues_[1].lines() - low_mark_;
  return std::min(lines, write && above > 0 ? std::min(batch_left_, above) : batch_left_);
}

void DramChannel::issue_row(Choice choice) {
  row_choice_.known = false;
  const int bank = choice.bank();
  const RunQueue::Entry& e = queues_[choice.write()].oldest(bank);
  device_.issue(choice.command(), bank, e.run.row, choice.at);
  if (observer_) observer_(choice.command(), bank, e.run.row, choice.at);
  if (choice.command() == Command::precharge) {
    ++statistics_.precharges;
    closed_for_others_ |= bank_bit(bank);
    for (RunQueue& queue : queues_) queue.close(bank);
  } else {
    ++statistics_.activates;
    const bool conflict = (closed_for_others_ & bank_bit(bank)) != 0;
    ++(conflict ? statistics_.row_conflicts : statistics_.row_misses);
    closed_for_others_ &= ~bank_bit(bank);
    for (RunQueue& queue : queues_) queue.open(bank, e.run.row);
    activated_banks_[choice.write()] |= bank_bit(bank);
  }
}

void DramChannel::issue_maintenance(Choice choice) {
  row_choice_.known = false;
  device_.issue(choice.command(), 0, 0, choice.at);
  if (observer_) observer_(choice.command(), 0, 0, choice.at);
  not_before_ = choice.at + 1;
  if (choice.command() == Command::refresh) {
    ++statistics_.refreshes;
    refresh_due_ += timing().trefi;
    return;
  }
  for (RunQueue& queue : queues_) queue.close_all();
  const BankSet unused = activated_banks_[0] | activated_banks_[1];
  statistics_.unused_activates += static_cast<std::uint64_t>(__builtin_popcountll(unused));
  activated_banks_ = {};
}

/// Out of line, unlike choose_next: few of the many pushes come here.
void DramChannel::reconsider() { choose_next(); }

DramStatistics DramChannel::statistics() const {
  DramStatistics s = statistics_;
  s.max_reads_queued = queues_[0].most_lines();
  s.max_writes_queued = queues_[1].most_lines();
  s.reads = served_lines_[0];
  s.writes = served_lines_[1];
  s.row_hits = s.reads + s.writes - served_misses_;
  s.bus_busy_clocks = static_cast<std::int64_t>(s.reads + s.writes) * timing().burst;
  return s;
}

DramStatistics DramChannel::take_statistics() {
  const DramStatistics taken = statistics();
  statistics_ = {};
  served_lines_ = {};
  served_misses_ = 0;
  return taken;
}

bool DramChannel::rests_like(const DramChannel& other, Clock now) const {
  return idle() && refresh_due_ == other.refresh_due_ && writing_ == other.writing_ &&
         std::max(batch_left_, 0) == std::max(other.batch_left_, 0) &&
         device_.rests_like(other.device_, now);
}

void DramChannel::catch_up(Clock now) {
  if (!idle() || refresh_due_ > now) return;
  while (refresh_due_ <= now) {
    if (device_.all_closed()) {
      // All refreshes but the last of a long pause only need to be counted.
      const Clock skipped = (now - refresh_due_) / timing().trefi;
      refresh_due_ += skipped * timing().trefi;
      statistics_.refreshes += static_cast<std::uint64_t>(skipped);
    }
    const Choice choice = maintenance_choice();
    if (choice.at > now) break;
    issue_maintenance(choice);
  }
}

}  // namespace h2
