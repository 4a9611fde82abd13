// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "memory/dram/channel_schedule.h"
#include "memory/dram/dram_memory.h"

// One channel that represents all: as long as they do the same, and again once they no longer
// differ.

namespace h2 {

/// The place that a line has left in a full queue goes to the next line of the port whose turn it
/// is, and all ports stay held up. False, and nothing has changed, if more than that follows.
[[gnu::always_inline]] inline bool DramMemory::refill(const DramServed& served, Clock now) {
  const PortSet waiting = held_up_by_[0][served.write];
  if (waiting == 0) return true;
  const std::size_t index = next_port(waiting);
  Port& port = ports_[index];
  const DramRun& run = port.next->run;
  const bool one_for_one = served.lines == 1 && run.lines == 1 && port.next + 1 != port.end;
  if (!one_for_one || admitted_at_ == now || spec_.channels >= kLinesPerClock) return false;
  admitted_at_ = now;
  admitted_ = spec_.channels;
  admit_at_ = kNever;
  channels_.front().push(port.write, run, now);
  if (!port.begun) {
    port.begun = true;
    transactions_[port.slot].accepted = now;
  }
  ++port.next;
  end_turn(index);
  return true;
}

/// advance() as long as one channel represents all. Most often every command that moves data makes
/// room for one line of a port that waits for it.
void DramMemory::advance_in_lockstep(Clock last, std::vector<MemoryCompletion>& completions) {
  DramChannel& channel = channels_.front();
  while (in_lockstep()) {
    const Clock now = held_up_ == 0 ? admit_at_ : std::min(admit_at_, channel.next_command());
    if (now > last) return;
    now_ = now;
    if (ready_ != 0 || now >= admit_at_) {
      run_full_channels(now, completions);
      if (ready_ != 0 || now >= admit_at_) admit(now, completions);
      continue;
    }
    const DramServed served = channel.issue_next();
    if (served.lines == 0) continue;
    if (!served.write) serve(served, completions);
    if (refill(served, now)) continue;
    release(0, served.write);
    if (ready_ != 0) admit(now, completions);
  }
}

void DramMemory::follow_each_channel() {
  lockstep_allowed_ = false;
  if (simulated_ == 1) part();
}

/// From now on each channel is simulated: what one stood for is copied.
void DramMemory::part() {
  simulated_ = channels_.size();
  for (std::size_t i = 1; i < simulated_; ++i) channels_[i] = channels_[0];
  for (Port& port : ports_) {
    const std::vector<Piece> left(port.next, port.end);
    port.pieces.clear();
    for (Piece piece : left) {
      for (piece.channel = 0; piece.channel < simulated_; ++piece.channel) {
        port.pieces.push_back(piece);
        port.pieces.back().ends_turn = piece.channel + 1 == simulated_;
      }
    }
    port.next = port.pieces.data();
    port.end = port.next + port.pieces.size();
  }
}

/// If the channels no longer differ, one represents all of them again.
void DramMemory::join(Clock now) {
  const auto rests = [&](DramChannel& channel) {
    channel.catch_up(now);
    return channel.rests_like(channels_[0], now);
  };
  if (!std::all_of(channels_.begin(), channels_.end(), rests)) return;
  for (DramChannel& channel : channels_) settled_ += channel.take_statistics();
  simulated_ = 1;
}

}  // namespace h2
