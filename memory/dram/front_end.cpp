// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "memory/dram/channel_schedule.h"
#include "memory/dram/dram_memory.h"

// The front end: which lines a transaction has, and in which order they enter the queues.

namespace h2 {

/// The lines a transaction touches, rounded to whole stripes as long as rounding adds few in all.
void DramMemory::place(Transaction& t) {
  const std::uint64_t bytes = std::max<std::uint64_t>(t.request.bytes, 1);
  const auto stripe = static_cast<std::uint64_t>(spec_.channels);
  t.first = t.request.address / kLineBytes;
  std::uint64_t end = (t.request.address + bytes - 1) / kLineBytes + 1;
  const std::uint64_t before = t.first % stripe, after = (stripe - end % stripe) % stripe;
  lines_asked_ += end - t.first;
  t.striped = before + after == 0;
  if (rounding_ && (lines_added_ + before + after) * kLinesPerAdded <= lines_asked_) {
    lines_added_ += before + after;
    t.first -= before;
    end += after;
    t.striped = true;
  }
  t.lines = static_cast<std::uint32_t>(end - t.first);
  t.lines_left = static_cast<std::int32_t>(t.lines);
}

void DramMemory::admit(Clock now, std::vector<MemoryCompletion>& completions) {
  if (admitted_at_ != now) {
    admitted_at_ = now;
    admitted_ = 0;
  }
  while (admitted_ < kLinesPerClock && ready_ != 0) take_turn(next_port(ready_), now, completions);
  admit_at_ = waiting_ > 0 && admitted_ >= kLinesPerClock ? now + 1 : kNever;
}

/// A port's turn: its lines up to the next stripe, or to one that finds a full queue.
inline void DramMemory::take_turn(std::size_t index, Clock now,
                                  std::vector<MemoryCompletion>& completions) {
  Port& port = ports_[index];
  for (bool last = false; !last;) {
    const Piece& piece = *port.next;
    DramChannel& to = channels_[piece.channel];
    if (to.due(now)) run_channel(piece.channel, now, completions);
    if (!to.can_accept(port.write, piece.run.lines)) return hold_up(index, piece.channel);
    to.push(port.write, piece.run, now);
    admitted_ += piece.run.lines * stands_for();
    last = piece.ends_turn;
    if (!port.begun) {
      port.begun = true;
      transactions_[port.slot].accepted = now;
    }
    ++port.next;
  }
  end_turn(index);
  if (port.next == port.end) return next_transaction(index, now, completions);
  // Most often this line was the last for which there was room.
  const Piece& piece = *port.next;
  if (in_lockstep() && !channels_[0].can_accept(port.write, piece.run.lines)) hold_up(index, 0);
}

/// After the last piece of the port's first transaction.
void DramMemory::next_transaction(std::size_t index, Clock now,
                                  std::vector<MemoryCompletion>& completions) {
  Port& port = ports_[index];
  if (port.write) {
    finish(port.slot, now + 1, completions);
  } else {
    queued_reads_[port.slot] = transactions_[port.slot].lines_left;
  }
  --waiting_;
  port.waiting.pop_front();
  if (port.waiting.empty()) {
    ready_ &= ~port.bit;
    return;
  }
  // What is under way decides whether the next one is served as runs.
  if (service_ == BurstService::runs) run_channels(now, completions);
  split(port);
}

/// Runs keep the order of the lines only per bank. That costs less than 1.5 % of the bandwidth as
/// long as one stream has the memory to itself; otherwise lines of several streams interleave.
bool DramMemory::serve_as_runs(const MemoryRequest& request, const Port& port) const {
  if (service_ == BurstService::exact || request.bytes < kMinRunBytes) return false;
  const auto own = static_cast<std::size_t>(request.port);
  if (request.address != port.next_address || under_way_[own][request.write] != all_under_way_) {
    return false;
  }
  return std::all_of(channels_.begin(), channels_.begin() + static_cast<long>(simulated_),
                     [&](const DramChannel& c) { return c.queued(!request.write) == 0; });
}

/// Makes pieces of the first transaction of a port.
void DramMemory::split(Port& port) {
  port.slot = port.waiting.front();
  const Transaction& t = transactions_[port.slot];
  if (!t.striped) {
    --partial_waiting_;
    if (simulated_ == 1) part();
  }
  const int longest = serve_as_runs(t.request, port) ? kLinesPerRun : 1;
  port.write = t.request.write;
  port.begun = false;
  port.deals_runs = longest > 1;
  port.next_address = t.request.address + t.request.bytes;
  if (port.pieces.size() < t.lines) port.pieces.resize(t.lines);
  Piece* const pieces = port.pieces.data();
  std::size_t count = 0;
  const auto add = [&](const LinePlace& at, bool new_turn) {
    if (longest > 1) {
      // The bank's last piece so far, or of an earlier transaction anything.
      std::size_t& last = last_piece_[at.channel * banks_per_channel_ + index(at.bank)];
      if (last < count && pieces[last].continued_by(at, longest)) {
        ++pieces[last].run.lines;
        return;
      }
      last = count;
    }
    if (new_turn && count > 0) pieces[count - 1].ends_turn = true;
    pieces[count++] = {{port.slot, at.bank, at.row, 1}, at.channel, false};
  };
  const auto stripe = static_cast<std::uint32_t>(spec_.channels);
  if (simulated_ == 1) {
    const auto add_stripe = [&](const LinePlace& at) { add(at, true); };
    map_.for_each_stripe(t.first / stripe, t.lines / stripe, add_stripe);
  } else {
    auto line = static_cast<std::uint32_t>(t.first % stripe);
    map_.for_each_line(t.first, t.lines, [&](const LinePlace& at) {
      add(at, line == 0);
      if (++line == stripe) line = 0;
    });
  }
  pieces[count - 1].ends_turn = true;
  port.next = pieces;
  port.end = pieces + count;
}

}  // namespace h2
