#include "memory/dram/channel.h"

#include <algorithm>

namespace h2 {
namespace {

constexpr bool is_column(Command c) { return c == Command::read || c == Command::write; }
constexpr std::uint64_t bit(int bank) { return std::uint64_t{1} << bank; }

}  // namespace

DramChannel::DramChannel(const DramSpec& spec, Clock run_gap)
    : device_(spec),
      run_gap_(run_gap),
      entries_(static_cast<std::size_t>(spec.read_queue + spec.write_queue)),
      banks_(static_cast<std::size_t>(device_.banks())),
      high_mark_((spec.write_queue * 4 + 4) / 5),
      low_mark_(spec.write_queue / 5),
      refresh_due_(spec.trefi) {
  queues_[0].capacity = spec.read_queue;
  queues_[1].capacity = spec.write_queue;
  for (std::size_t i = entries_.size(); i-- > 0;) free_.push_back(static_cast<std::int16_t>(i));
}

void DramChannel::set_hit(int b, bool write, std::int16_t index) {
  bank(b).queue[write].hit = index;
  Queue& queue = queues_[write];
  const bool hit = index != kNone;
  if (hit == ((queue.hits & bit(b)) != 0)) return;
  queue.hits ^= bit(b);
  Candidates& known = candidates_;
  if (write != known.write) return;
  if (hit) {
    if (known.columns_known) known.column.improve(bank_choice(b, write));
    if (known.row.bank() == b) known.rows_known = false;
  } else {
    known.columns_known = false;
    if (known.rows_known && (queue.banks & bit(b)) != 0) known.row.improve(offer_row(b, write));
  }
}

void DramChannel::push(bool write, const DramRun& run, Clock now) {
  if (queues_[0].lines + queues_[1].lines == 0) catch_up(now);
  const std::int16_t index = free_.back();
  free_.pop_back();
  entry(index) = Entry{run, now, order_++, kNone, false};
  BankQueue& q = bank(run.bank).queue[write];
  (q.head == kNone ? q.head : entry(q.tail).next) = index;
  q.tail = index;
  const bool first = (queues_[write].banks & bit(run.bank)) == 0;
  queues_[write].banks |= bit(run.bank);
  queues_[write].lines += run.lines;
  int& deepest = write ? statistics_.max_writes_queued : statistics_.max_reads_queued;
  deepest = std::max(deepest, queues_[write].lines);
  not_before_ = std::max(not_before_, now + 1);
  next_known_ = false;
  if (q.hit != kNone) return;
  if (device_.open_row(run.bank) == run.row) {
    set_hit(run.bank, write, index);
  } else if (first && candidates_.rows_known && candidates_.write == write) {
    candidates_.row.improve(offer_row(run.bank, write));
  }
}

void DramChannel::choose_next() const {
  next_ = choose();
  next_known_ = true;
}

void DramChannel::advance(Clock until, std::vector<DramServed>& served) {
  while (next_command() <= until) {
    next_known_ = false;
    issue(Choice(next_), served);
  }
}

void DramChannel::catch_up(Clock now) {
  if (queues_[0].lines + queues_[1].lines != 0 || refresh_due_ > now) return;
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

/// The direction in which the next command will serve: a function of the queues and of what has
/// been committed, so that asking does not change it.
bool DramChannel::next_direction() const {
  const int reads = queues_[0].lines, writes = queues_[1].lines;
  if (writes == 0) return false;
  if (reads == 0) return true;
  if (writing_) return batch_left_ > 0;
  return writes >= high_mark_ && batch_left_ <= 0;
}

DramChannel::Choice DramChannel::choose() const {
  if (queues_[0].lines + queues_[1].lines == 0) return {};
  const Choice choice = request_choice();
  return choice.at < refresh_due_ ? choice : refresh_choice();
}

DramChannel::Choice DramChannel::request_choice() const {
  const bool write = next_direction();
  if (activated_banks_[!write] != 0) return pending_choice(write);
  find_candidates(write);
  Choice best = candidates_.column;
  // A column command that can go at once leaves nothing to the row commands.
  if (best.at > not_before_) best.improve(candidates_.row);
  return best;
}

/// While runs of the other direction wait in rows activated for them.
DramChannel::Choice DramChannel::pending_choice(bool write) const {
  Choice best;
  for (std::uint64_t set = queues_[write].banks | activated_banks_[!write]; set != 0;
       set &= set - 1) {
    best.improve(bank_choice(__builtin_ctzll(set), write));
  }
  return best;
}

/// A candidate found earlier still is the best one of its kind as long as it lies ahead: of
/// several in the past, the oldest run would win.
void DramChannel::find_candidates(bool write) const {
  Candidates& c = candidates_;
  if (write != c.write) c = Candidates{write, false, false, {}, {}};
  const Queue& queue = queues_[write];
  if (!c.columns_known || c.column.at < not_before_) {
    Choice best;
    for (std::uint64_t set = queue.hits; set != 0; set &= set - 1) {
      const int b = __builtin_ctzll(set);
      best.improve(hit_choice(b, write, offer_column(b, write)));
    }
    c.column = best;
    c.columns_known = true;
  }
  if (c.column.at <= not_before_ || (c.rows_known && c.row.at >= not_before_)) return;
  Choice best;
  for (std::uint64_t set = queue.banks & ~queue.hits; set != 0; set &= set - 1) {
    best.improve(offer_row(__builtin_ctzll(set), write));
  }
  c.row = best;
  c.rows_known = true;
}

DramChannel::Choice DramChannel::maintenance_choice() const {
  const Command command = device_.all_closed() ? Command::refresh : Command::precharge_all;
  const Clock at = std::max({refresh_due_, not_before_, device_.earliest(command, 0)});
  return Choice::make(at, command, 0, false, 0);
}

/// Once a refresh is due no row is opened; column commands go on only where they do not delay the
/// precharge of all banks.
DramChannel::Choice DramChannel::refresh_choice() const {
  const Choice maintenance = maintenance_choice();
  if (device_.all_closed()) return maintenance;
  const DramTiming& t = timing();
  const bool write = next_direction();
  Choice best;
  for (std::uint64_t set = queues_[write].banks | activated_banks_[!write]; set != 0;
       set &= set - 1) {
    Choice c = bank_choice(__builtin_ctzll(set), write);
    if (!is_column(c.command())) continue;
    c.at = std::max(c.at, refresh_due_);
    const Clock closes = c.at + (c.write() ? t.write_to_precharge : t.read_to_precharge);
    if (closes <= maintenance.at && c.before(best)) best = c;
  }
  return best.at == kNever ? maintenance : best;
}

void DramChannel::issue(const Choice& choice, std::vector<DramServed>& served) {
  if (choice.command() == Command::precharge_all || choice.command() == Command::refresh) {
    issue_maintenance(choice);
    return;
  }
  const bool direction = next_direction();
  if (direction != writing_) set_direction(direction);
  if (is_column(choice.command())) {
    issue_columns(choice, served);
  } else {
    issue_row(choice);
  }
  not_before_ = choice.at + 1;
}

void DramChannel::set_direction(bool write) {
  writing_ = write;
  batch_left_ = write ? queues_[1].lines - low_mark_ : high_mark_ - low_mark_;
  ++statistics_.turnarounds;
}

void DramChannel::issue_columns(const Choice& choice, std::vector<DramServed>& served) {
  const bool write = choice.write();
  const std::int16_t index = bank(choice.bank()).queue[write].hit;
  Entry& e = entry(index);
  int lines = 1;
  if (e.run.lines > 1 && choice.at < refresh_due_) {
    const Clock before_refresh = (refresh_due_ - choice.at + run_gap_ - 1) / run_gap_;
    lines = static_cast<int>(std::min<Clock>(e.run.lines, before_refresh));
    const int other = queues_[!write].lines;
    if (other > 0 && write == writing_ && batch_left_ > 0) lines = std::min(lines, batch_left_);
  }
  candidates_.columns_known = false;
  if (write != candidates_.write) candidates_.rows_known = false;
  device_.issue(choice.command(), choice.bank(), e.run.row, choice.at, lines, run_gap_);
  if (observer_) observer_(choice.command(), choice.bank(), e.run.row, choice.at);

  const DramTiming& t = timing();
  const Clock last = choice.at + (lines - 1) * run_gap_;
  const Clock latency = write ? t.write_latency : t.read_latency;
  served.push_back({e.run.owner, lines, write, e.accepted, last + latency});
  const auto n = static_cast<std::uint64_t>(lines);
  (write ? statistics_.writes : statistics_.reads) += n;
  statistics_.row_hits += n - (e.counted ? 1 : 0);
  statistics_.bus_busy_clocks += lines * t.burst;

  if (write == writing_) batch_left_ -= lines;
  BankState& state = bank(choice.bank());
  if (state.activated[write]) {
    state.activated[write] = false;
    activated_banks_[write] &= ~bit(choice.bank());
  }
  queues_[write].lines -= lines;
  e.run.lines -= lines;
  e.counted = false;
  if (e.run.lines == 0) remove(e, write, index);
}

void DramChannel::remove(Entry& e, bool write, std::int16_t index) {
  const int b = e.run.bank;
  BankQueue& q = bank(b).queue[write];
  const std::int16_t hit = find_row(e.next, e.run.row);
  if (q.head == index) {
    q.head = e.next;
    if (q.head == kNone) q.tail = kNone;
  } else {
    std::int16_t before = q.head;
    while (entry(before).next != index) before = entry(before).next;
    entry(before).next = e.next;
    if (q.tail == index) q.tail = before;
  }
  if (q.head == kNone) queues_[write].banks &= ~bit(b);
  set_hit(b, write, hit);
  free_.push_back(index);
}

std::int16_t DramChannel::find_row(std::int16_t from, std::int64_t row) const {
  while (from != kNone && entry(from).run.row != row) from = entry(from).next;
  return from;
}

void DramChannel::issue_row(const Choice& choice) {
  candidates_.rows_known = false;
  BankState& state = bank(choice.bank());
  Entry& e = entry(state.queue[choice.write()].head);
  device_.issue(choice.command(), choice.bank(), e.run.row, choice.at);
  if (observer_) observer_(choice.command(), choice.bank(), e.run.row, choice.at);
  if (choice.command() == Command::precharge) {
    ++statistics_.precharges;
    if (!e.counted) ++statistics_.row_conflicts;
    for (const bool write : {false, true}) set_hit(choice.bank(), write, kNone);
  } else {
    ++statistics_.activates;
    if (!e.counted) ++statistics_.row_misses;
    for (const bool write : {false, true}) {
      set_hit(choice.bank(), write, find_row(state.queue[write].head, e.run.row));
    }
    state.activated[choice.write()] = true;
    activated_banks_[choice.write()] |= bit(choice.bank());
  }
  e.counted = true;
}

void DramChannel::issue_maintenance(const Choice& choice) {
  candidates_ = {};
  device_.issue(choice.command(), 0, 0, choice.at);
  if (observer_) observer_(choice.command(), 0, 0, choice.at);
  not_before_ = choice.at + 1;
  if (choice.command() == Command::refresh) {
    ++statistics_.refreshes;
    refresh_due_ += timing().trefi;
    return;
  }
  for (BankState& state : banks_) {
    for (BankQueue& q : state.queue) q.hit = kNone;
    state.activated[0] = state.activated[1] = false;
  }
  for (Queue& queue : queues_) queue.hits = 0;
  activated_banks_ = {};
}

}  // namespace h2
