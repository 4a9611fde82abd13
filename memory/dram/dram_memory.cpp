#include "memory/dram/dram_memory.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "modules/error.h"

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
      channels_(static_cast<std::size_t>(spec.channels), DramChannel(spec, run_gap(spec, map_))),
      held_up_(channels_.size()),
      open_piece_(static_cast<std::size_t>(spec.channels * spec.ranks * spec.bank_groups *
                                           spec.banks_per_group),
                  -1) {}

Picoseconds DramMemory::to_ps(Clock clock) const {
  return std::llround(static_cast<double>(clock) * tck_ps_);
}

double DramMemory::peak_gbps() const {
  const auto clocks = static_cast<double>(channels_.front().timing().cas_gap_s);
  return static_cast<double>(kLineBytes) * spec_.channels / (clocks * spec_.tck_ns);
}

DramStatistics DramMemory::statistics() {
  DramStatistics sum;
  for (DramChannel& channel : channels_) {
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
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(transactions_.size()));
    transactions_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  Transaction& t = transactions_[slot];
  t = Transaction{};
  t.request = request;
  t.under_way = true;
  const auto port = static_cast<std::size_t>(request.port);
  if (port >= ports_.size()) {
    ports_.resize(port + 1);
    under_way_.resize(port + 1);
  }
  ++under_way_[port][request.write];
  ++all_under_way_;
  ports_[port].waiting.push_back(slot);
  if (ports_[port].waiting.size() == 1) {
    split(slot, ports_[port]);
    ready_ |= std::uint64_t{1} << port;
  }
  ++waiting_;
  admit_at_ = std::min(admit_at_, std::max(clock, now_));
  next_clock_ = std::min(next_clock_, admit_at_);
}

void DramMemory::find_next_clock() {
  next_clock_ = admit_at_;
  for (const DramChannel& channel : channels_) {
    next_clock_ = std::min(next_clock_, channel.next_command());
  }
}

Picoseconds DramMemory::next_event() const {
  return next_clock_ >= kNever ? kNoEvent : to_ps(next_clock_);
}

Picoseconds DramMemory::next_completion() const {
  if (next_clock_ >= kNever) return kNoEvent;
  const DramTiming& timing = channels_.front().timing();
  Clock earliest = kNever;
  // A read ends with the data of its last line; every channel issues one line per column gap.
  for (const Transaction& t : transactions_) {
    if (!t.under_way || t.request.write) continue;
    const Clock per_channel = (t.lines_left + spec_.channels - 1) / spec_.channels;
    earliest = std::min(earliest, (per_channel - 1) * timing.cas_gap_s);
  }
  if (earliest < kNever) earliest += next_clock_ + spec_.cl + spec_.burst_length / 2;
  // A write ends the clock after its last line has entered a queue.
  for (std::size_t p = 0; p < ports_.size(); ++p) {
    if (ports_[p].waiting.empty() || under_way_[p][1] == 0) continue;
    const auto left = static_cast<Clock>(ports_[p].pieces.size() - ports_[p].next_piece);
    earliest = std::min(earliest, next_clock_ + (left - 1) / kLinesPerClock);
  }
  return earliest >= kNever ? kNoEvent : to_ps(std::max(earliest, next_clock_));
}

void DramMemory::advance(Picoseconds until, std::vector<MemoryCompletion>& completions) {
  const auto last =
      static_cast<Clock>(std::floor((static_cast<double>(until) + kRoundingPs) / tck_ps_));
  while (next_clock_ <= last) {
    step(next_clock_, completions);
    find_next_clock();
  }
  now_ = std::max(now_, last);
}

void DramMemory::step(Clock now, std::vector<MemoryCompletion>& completions) {
  now_ = now;
  bool room = false;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i].next_command() > now) continue;
    served_.clear();
    channels_[i].advance(now, served_);
    for (const DramServed& s : served_) {
      room = true;
      ready_ |= std::exchange(held_up_[i][s.write], 0);
      if (!s.write) serve(s, completions);
    }
  }
  if (now >= admit_at_ || (waiting_ > 0 && room)) admit(now, completions);
}

void DramMemory::serve(const DramServed& s, std::vector<MemoryCompletion>& completions) {
  Transaction& t = transactions_[s.owner];
  t.data_end = std::max(t.data_end, s.data_end);
  t.lines_left -= static_cast<std::uint32_t>(s.lines);
  if (t.lines_left == 0) finish(s.owner, t.data_end, completions);
}

void DramMemory::admit(Clock now, std::vector<MemoryCompletion>& completions) {
  if (admitted_at_ != now) {
    admitted_at_ = now;
    admitted_ = 0;
  }
  while (admitted_ < kLinesPerClock && ready_ != 0) {
    const std::size_t port = next_ready_port();
    if (admit_piece(port, now, completions)) turn_ = port + 1 == ports_.size() ? 0 : port + 1;
  }
  admit_at_ = waiting_ > 0 && admitted_ >= kLinesPerClock ? now + 1 : kNever;
}

std::size_t DramMemory::next_ready_port() const {
  const std::uint64_t from_turn = ready_ >> turn_ << turn_;
  return static_cast<std::size_t>(__builtin_ctzll(from_turn != 0 ? from_turn : ready_));
}

bool DramMemory::admit_piece(std::size_t index, Clock now,
                             std::vector<MemoryCompletion>& completions) {
  Port& port = ports_[index];
  const std::uint64_t port_bit = std::uint64_t{1} << index;
  const std::uint32_t slot = port.waiting.front();
  Transaction& t = transactions_[slot];
  const Piece& piece = port.pieces[port.next_piece];
  DramChannel& to = channel(piece.channel);
  if (!to.can_accept(t.request.write, piece.run.lines)) {
    ready_ &= ~port_bit;
    held_up_[static_cast<std::size_t>(piece.channel)][t.request.write] |= port_bit;
    return false;
  }
  to.push(t.request.write, piece.run, now);
  admitted_ += piece.run.lines;
  if (!t.started) {
    t.started = true;
    t.accepted = now;
  }
  if (++port.next_piece < port.pieces.size()) return true;
  if (t.request.write) finish(slot, now + 1, completions);
  --waiting_;
  port.waiting.pop_front();
  port.next_piece = 0;
  if (port.waiting.empty()) {
    ready_ &= ~port_bit;
  } else {
    split(port.waiting.front(), port);
  }
  return true;
}

/// Runs keep the order of the lines only per bank. That costs less than 1.5 % of the bandwidth as
/// long as one stream has the memory to itself; otherwise lines of several streams interleave.
bool DramMemory::serve_as_runs(const MemoryRequest& request, const Port& port) const {
  if (service_ == BurstService::exact || request.bytes < kMinRunBytes) return false;
  const auto own = static_cast<std::size_t>(request.port);
  if (request.address != port.next_address || under_way_[own][request.write] != all_under_way_) {
    return false;
  }
  return std::all_of(channels_.begin(), channels_.end(),
                     [&](const DramChannel& c) { return c.queued(!request.write) == 0; });
}

void DramMemory::split(std::uint32_t slot, Port& port) {
  Transaction& t = transactions_[slot];
  std::vector<Piece>& pieces = port.pieces;
  pieces.clear();
  const int run_lines = serve_as_runs(t.request, port) ? kLinesPerRun : 1;
  port.next_address = t.request.address + t.request.bytes;
  const int banks_per_rank = spec_.bank_groups * spec_.banks_per_group;
  const std::uint64_t first = t.request.address / kLineBytes;
  const std::uint64_t bytes = std::max<std::uint64_t>(t.request.bytes, 1);
  const std::uint64_t last = (t.request.address + bytes - 1) / kLineBytes;
  t.lines_left = static_cast<std::uint32_t>(last - first + 1);
  for (std::uint64_t line = first; line <= last; ++line) {
    const DramLocation at = map_.decode(line * kLineBytes);
    const int bank = at.rank * banks_per_rank + at.group * spec_.banks_per_group + at.bank;
    if (run_lines == 1) {
      pieces.push_back({at.channel, {slot, bank, at.row, 1}});
      continue;
    }
    std::int32_t& open =
        open_piece_[static_cast<std::size_t>(at.channel * spec_.ranks * banks_per_rank + bank)];
    const auto index = static_cast<std::size_t>(open);
    if (index < pieces.size() && pieces[index].channel == at.channel &&
        pieces[index].run.bank == bank && pieces[index].run.row == at.row &&
        pieces[index].run.lines < run_lines) {
      ++pieces[index].run.lines;
      continue;
    }
    open = static_cast<std::int32_t>(pieces.size());
    pieces.push_back({at.channel, {slot, bank, at.row, 1}});
  }
}

void DramMemory::finish(std::uint32_t slot, Clock at, std::vector<MemoryCompletion>& completions) {
  Transaction& t = transactions_[slot];
  t.under_way = false;
  completions.push_back({t.request.id, t.request.write, to_ps(t.accepted), to_ps(at)});
  free_.push_back(slot);
  --under_way_[static_cast<std::size_t>(t.request.port)][t.request.write];
  --all_under_way_;
}

}  // namespace h2
