// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "tests/memory/pairwise_rules.h"

namespace h2::test {

struct TimedRequest {
  std::uint32_t id = 0;
  Clock arrival = 0;
  bool write = false;
  int bank = 0;
  std::int64_t row = 0;
};

/// The scheduling policy of DramChannel written the slow and obvious way: a loop over clocks, a
/// list of requests, every distance looked up in the pairwise table. The event-driven channel
/// must give the same clocks.
class TickingChannel {
 public:
  explicit TickingChannel(const DramSpec& spec)
      : spec_(spec),
        history_(spec),
        rows_(static_cast<std::size_t>(banks()), -1),
        due_(spec.trefi) {}

  [[nodiscard]] bool can_accept(bool write) const {
    return count(write) < (write ? spec_.write_queue : spec_.read_queue);
  }
  void accept(const TimedRequest& r) { queue_.push_back({r, false}); }

  /// Carries out clock `now`; returns the request whose column command was issued.
  std::optional<TimedRequest> tick(Clock now);

  [[nodiscard]] bool idle() const { return queue_.empty(); }

 private:
  struct Waiting {
    TimedRequest request;
    bool activated = false;
  };
  struct Candidate {
    Issued issued;
    std::size_t index = 0;
  };
  [[nodiscard]] int banks() const {
    return spec_.ranks * spec_.bank_groups * spec_.banks_per_group;
  }
  [[nodiscard]] int count(bool write) const {
    int n = 0;
    for (const Waiting& w : queue_) n += w.request.write == write;
    return n;
  }
  [[nodiscard]] std::int64_t& row(int bank) { return rows_[static_cast<std::size_t>(bank)]; }
  [[nodiscard]] bool any_open() const {
    for (const std::int64_t r : rows_) {
      if (r >= 0) return true;
    }
    return false;
  }
  [[nodiscard]] bool direction() const;
  [[nodiscard]] bool activated(bool write, int bank) const;
  [[nodiscard]] std::optional<Command> wanted(const Waiting& w, bool writing, Clock now);
  std::optional<Candidate> select(Clock now, bool refreshing, bool writing);
  [[nodiscard]] bool delays_precharge(const Issued& column) const;
  void maintain(Clock now);

  DramSpec spec_;
  CommandHistory history_;
  std::vector<std::int64_t> rows_;
  std::vector<Waiting> queue_;
  bool writing_ = false;
  int batch_left_ = 0;
  Clock due_;
};

inline bool TickingChannel::direction() const {
  const int reads = count(false), writes = count(true);
  if (writes == 0 || reads == 0) return writes > 0;
  if (writing_) return batch_left_ > 0 && writes > spec_.write_queue / 5;
  return 10 * writes >= 8 * spec_.write_queue && batch_left_ <= 0;
}

inline bool TickingChannel::activated(bool write, int bank) const {
  for (const Waiting& w : queue_) {
    if (w.activated && w.request.write == write && (bank < 0 || w.request.bank == bank))
      return true;
  }
  return false;
}

/// The command this request asks for now, if it may ask for one.
inline std::optional<Command> TickingChannel::wanted(const Waiting& w, bool writing, Clock now) {
  const TimedRequest& r = w.request;
  const Command column = r.write ? Command::write : Command::read;
  if (r.write != writing) return w.activated ? std::optional(column) : std::nullopt;
  if (activated(!writing, r.bank)) return std::nullopt;
  if (row(r.bank) < 0) return Command::activate;
  // Only the oldest of the bank may close the row, not one that was opened and not yet used.
  const TimedRequest* head = nullptr;
  for (const Waiting& other : queue_) {
    const bool same = other.request.bank == r.bank && other.request.write == writing;
    if (same && head == nullptr) head = &other.request;
  }
  const bool may_close = head->row != row(r.bank) && !activated(writing, r.bank);
  if (row(r.bank) != r.row) {
    return may_close && head->id == r.id ? std::optional(Command::precharge) : std::nullopt;
  }
  const bool too_late = may_close && now - head->arrival > 1000;
  return too_late || activated(!writing, -1) ? std::nullopt : std::optional(column);
}

inline std::optional<TickingChannel::Candidate> TickingChannel::select(Clock now, bool refreshing,
                                                                       bool writing) {
  std::optional<Candidate> best;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    const auto command = wanted(queue_[i], writing, now);
    if (!command) continue;
    const Issued issued{*command, queue_[i].request.bank, now};
    if (!history_.allowed(issued)) continue;
    if (refreshing && (!is_column(*command) || delays_precharge(issued))) continue;
    if (!best || (is_column(*command) && !is_column(best->issued.command))) {
      best = Candidate{issued, i};
    }
  }
  return best;
}

inline bool TickingChannel::delays_precharge(const Issued& column) const {
  CommandHistory with = history_;
  Issued all{Command::precharge_all, 0, column.at};
  while (!history_.allowed(all)) ++all.at;
  if (all.at <= column.at) return true;
  with.add(column);
  return !with.allowed(all);
}

inline void TickingChannel::maintain(Clock now) {
  const Issued issued{any_open() ? Command::precharge_all : Command::refresh, 0, now};
  if (!history_.allowed(issued)) return;
  history_.add(issued);
  if (issued.command == Command::refresh) {
    due_ += spec_.trefi;
    return;
  }
  rows_.assign(rows_.size(), -1);
  for (Waiting& w : queue_) w.activated = false;
}

inline std::optional<TimedRequest> TickingChannel::tick(Clock now) {
  const bool refreshing = now >= due_;
  const bool writing = direction();
  const auto chosen = select(now, refreshing, writing);
  if (!chosen) {
    if (refreshing) maintain(now);
    return std::nullopt;
  }
  history_.add(chosen->issued);
  if (writing != writing_) {
    writing_ = writing;
    const int low = spec_.write_queue / 5, high = (spec_.write_queue * 4 + 4) / 5;
    batch_left_ = writing ? high : high - low;
  }
  Waiting& w = queue_[chosen->index];
  const TimedRequest request = w.request;
  if (chosen->issued.command == Command::activate) {
    row(request.bank) = request.row;
    w.activated = true;
    return std::nullopt;
  }
  if (chosen->issued.command == Command::precharge) {
    row(request.bank) = -1;
    return std::nullopt;
  }
  if (request.write == writing_) --batch_left_;
  queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(chosen->index));
  return request;
}

}  // namespace h2::test
