// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/dram_memory.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "memory/dram/channel_schedule.h"
#include "modules/base/error.h"

namespace h2 {
namespace {

/// Clocks are rounded to whole picoseconds on the way out; this undoes it on the way in.
constexpr double kRoundingPs = 0.6;

/// Distance of the column commands of a run: where the map deals consecutive lines to different
/// bank groups, the runs of these groups interleave on the bus.
Clock run_gap(const DramSpec& spec, const AddressMap& map) {
  const DramTiming timing(spec);
  return map.interleaves_groups() ? timing.cas_gap_s : timing.cas_gap_l;
}

}  // namespace

DramMemory::DramMemory(const DramSpec& spec, std::uint64_t capacity_bytes, BurstService service)
    : spec_(spec),
      tck_ps_(spec.tck_ns * 1000.0),
      map_((static_cast<void>(DramTiming(spec)), spec), capacity_bytes),
      service_(service),
      rounding_(service == BurstService::runs && spec.channels > 1 && map_.deals_stripes()),
      lockstep_allowed_(rounding_),
      held_up_by_(static_cast<std::size_t>(spec.channels)),
      banks_per_channel_(
          static_cast<std::size_t>(spec.ranks * spec.bank_groups * spec.banks_per_group)),
      last_piece_(static_cast<std::size_t>(spec.channels) * banks_per_channel_) {
  ports_.reserve(kMaxPorts);  // they stay where they are
  channels_.reserve(held_up_by_.size());
  while (channels_.size() < held_up_by_.size()) channels_.emplace_back(spec, run_gap(spec, map_));
  simulated_ = lockstep_allowed_ ? 1 : channels_.size();
}

Picoseconds DramMemory::to_ps(Clock clock) const {
  return std::llround(static_cast<double>(clock) * tck_ps_);
}

double DramMemory::peak_gbps() const {
  const auto clocks = static_cast<double>(channels_.front().timing().cas_gap_s);
  return static_cast<double>(kLineBytes) * spec_.channels / (clocks * spec_.tck_ns);
}

DramStatistics DramMemory::statistics() {
  DramStatistics sum = settled_;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    DramChannel& channel = channels_[i % simulated_];
    channel.catch_up(now_);
    sum += channel.statistics();
  }
  return sum;
}

void DramMemory::submit(const MemoryRequest& request, Picoseconds now) {
  if (request.port < 0 || request.port >= kMaxPorts) {
    throw InputError("memory port " + std::to_string(request.port) + " must be from 0 to " +
                     std::to_string(kMaxPorts - 1));
  }
  const auto clock =
      static_cast<Clock>(std::ceil((static_cast<double>(now) - kRoundingPs) / tck_ps_));
  if (simulated_ > 1 && lockstep_allowed_ && all_under_way_ == 0) join(clock);
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(transactions_.size()));
    transactions_.emplace_back();
    queued_reads_.push_back(kNoRead);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  Transaction& t = transactions_[slot];
  t = Transaction{};
  t.request = request;
  const auto port = static_cast<std::size_t>(request.port);
  if (port >= ports_.size()) {
    // After the last port it was the first one's turn, and remains so.
    if (from_turn_ == -(PortSet{1} << ports_.size())) from_turn_ = ~PortSet{0};
    for (std::size_t i = ports_.size(); i <= port; ++i) {
      ports_.emplace_back();
      ports_.back().bit = PortSet{1} << i;
    }
    under_way_.resize(port + 1);
  }
  place(t);
  if (!t.striped) ++partial_waiting_;
  ++under_way_[port][request.write];
  ++all_under_way_;
  Port& to = ports_[port];
  (request.write ? writing_ : reading_) |= to.bit;
  to.waiting.push_back(slot);
  to.fewest_lines = std::min(to.fewest_lines, t.lines_left);
  if (to.waiting.size() == 1) {
    to.fewest_lines = t.lines_left;
    split(to);
    ready_ |= to.bit;
  }
  ++waiting_;
  admit_at_ = std::min(admit_at_, std::max(clock, now_));
}

Picoseconds DramMemory::next_event() const {
  const Clock next = next_clock();
  return next >= kNever ? kNoEvent : to_ps(next);
}

Picoseconds DramMemory::next_completion() const {
  const Clock next = rows_observed_ ? next_row_event() : next_clock();
  if (next >= kNever) return kNoEvent;
  if (rows_observed_) return to_ps(next);
  const Clock earliest = std::min(earliest_read_end(next), earliest_write_end(next));
  return earliest >= kNever ? kNoEvent : to_ps(earliest);
}

/// How many times room must be found in the full queue that holds up the port until all its pieces
/// are in it: after kTurnsInARow of a port all others held up there have theirs, unless ports that
/// wait for something else take turns, too.
Clock DramMemory::turns_left(std::size_t index) const {
  const bool write = ports_[index].write;
  const bool held_up = (held_up_ >> index & 1) != 0;
  // Without lockstep the other channels may have room; so they may soon if a transaction waits that
  // ends it. A run makes room for all its lines when its first command is issued.
  const bool lasting = in_lockstep() && partial_waiting_ == 0;
  if (!held_up || !lasting || !channels_[0].all_single(write)) return 1;
  // A port that deals runs may be passed: it needs more room than others.
  const auto left = [&](std::size_t i) {
    return ports_[i].deals_runs ? 0 : static_cast<Clock>(ports_[i].end - ports_[i].next);
  };
  const Clock own = std::max<Clock>(left(index), 1);
  Clock turns = own;
  const PortSet same = held_up_by_[0][write];
  PortSet others = same == (ready_ | held_up_) ? same & ~(PortSet{1} << index) : 0;
  const Clock of_each = (own - 1) / kTurnsInARow * kTurnsInARow;
  for (; others != 0; others &= others - 1) turns += std::min(of_each, left(first_bit(others)));
  return turns;
}

/// A read ends with the data of its last line; every channel issues one line per column gap.
Clock DramMemory::earliest_read_end(Clock next) const {
  const DramTiming& timing = channels_.front().timing();
  const auto last_line = [&](std::int32_t lines) {
    return next + (lines - 1) / spec_.channels * timing.cas_gap_s;
  };
  std::int32_t fewest = kNoRead;
  for (const std::int32_t lines : queued_reads_) fewest = std::min(fewest, lines);
  Clock earliest = fewest == kNoRead ? kNever : last_line(fewest);
  for (PortSet set = reading_ & (ready_ | held_up_); set != 0; set &= set - 1) {
    const std::size_t p = first_bit(set);
    const Port& port = ports_[p];
    const std::int32_t lines = std::min(transactions_[port.slot].lines_left, port.fewest_lines);
    const Clock entered = next + (turns_left(p) - 1) * timing.cas_gap_s;
    earliest = std::min(earliest, std::max(last_line(lines), entered));
  }
  return earliest >= kNever ? kNever : earliest + timing.read_latency;
}

/// A write ends the clock after its last line has entered a queue.
Clock DramMemory::earliest_write_end(Clock next) const {
  const Clock gap = channels_.front().timing().cas_gap_s;
  Clock earliest = kNever;
  for (PortSet set = writing_; set != 0; set &= set - 1) {
    const std::size_t p = first_bit(set);
    const Port& port = ports_[p];
    const auto left = static_cast<Clock>(port.end - port.next) * stands_for();
    const bool full = port.write && (held_up_ >> p & 1) != 0;
    const Clock enters = full ? channels_[held_up_at_[p]].earliest_write(next) : next;
    const Clock dealt = (left - 1) / (kLinesPerClock - 1 + spec_.channels);
    const Clock turns = port.write ? (turns_left(p) - 1) * gap : 0;
    earliest = std::min(earliest, enters + std::max(dealt, turns) + 1);
  }
  return earliest;
}

/// Those that hold up a port.
inline void DramMemory::run_full_channels(Clock until, std::vector<MemoryCompletion>& completions) {
  if (simulated_ == 1) {
    if (held_up_ != 0 && channels_[0].due(until)) run_channel(0, until, completions);
    return;
  }
  for (PortSet set = held_up_; set != 0; set &= set - 1) {
    const std::size_t i = held_up_at_[first_bit(set)];
    if (channels_[i].due(until)) run_channel(i, until, completions);
  }
}

void DramMemory::advance(Picoseconds until, std::vector<MemoryCompletion>& completions) {
  const auto last =
      static_cast<Clock>(std::floor((static_cast<double>(until) + kRoundingPs) / tck_ps_));
  advance_in_lockstep(last, completions);
  for (Clock now = next_admission(); now <= last; now = next_admission()) {
    now_ = now;
    run_full_channels(now, completions);
    if (ready_ != 0 || now >= admit_at_) admit(now, completions);
  }
  run_channels(last, completions);
  now_ = std::max(now_, last);
  if (!rows_observed_) return;
  for (DramChannel& channel : channels_) channel.catch_up(now_);
}

void DramMemory::observe_rows(const RowObserver& observer) {
  rows_observed_ = true;
  follow_each_channel();
  for (int i = 0; i < channels(); ++i) {
    channel(i).observe([=](Command command, int bank, std::int64_t row, Clock) {
      if (command == Command::activate) observer(i, bank, row);
      if (command == Command::precharge) observer(i, bank, kNoRow);
      if (command != Command::precharge_all) return;
      for (int b = 0; b < channel(i).banks(); ++b) observer(i, b, kNoRow);
    });
  }
}

/// Next clock at which a line may enter a queue. The channels that hold up a port are followed
/// command by command; the others catch up when it matters.
Clock DramMemory::next_admission() const {
  Clock next = admit_at_;
  if (simulated_ == 1) return held_up_ == 0 ? next : std::min(next, channels_[0].next_command());
  for (PortSet set = held_up_; set != 0; set &= set - 1) {
    next = std::min(next, channels_[held_up_at_[first_bit(set)]].next_command());
  }
  return next;
}

void DramMemory::run_channel(std::size_t i, Clock until,
                             std::vector<MemoryCompletion>& completions) {
  channels_[i].advance(until, [&](const DramServed& s) {
    if (held_up_by_[i][s.write] != 0) release(i, s.write);
    if (!s.write) serve(s, completions);
  });
}

void DramMemory::run_channels(Clock until, std::vector<MemoryCompletion>& completions) {
  for (std::size_t i = 0; i < simulated_; ++i) {
    if (channels_[i].due(until)) run_channel(i, until, completions);
  }
}

void DramMemory::finish(std::uint32_t slot, Clock at, std::vector<MemoryCompletion>& completions) {
  Transaction& t = transactions_[slot];
  queued_reads_[slot] = kNoRead;
  completions.push_back({t.request.id, t.request.write, to_ps(t.accepted), to_ps(at)});
  free_.push_back(slot);
  const auto port = static_cast<std::size_t>(t.request.port);
  if (--under_way_[port][t.request.write] == 0) {
    (t.request.write ? writing_ : reading_) &= ~ports_[port].bit;
  }
  --all_under_way_;
}

}  // namespace h2
