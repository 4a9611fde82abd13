// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "memory/dram/device.h"

namespace h2 {

/// Accesses to consecutive columns of one row. A single 64 B access is a run of one line.
struct DramRun {
  std::uint32_t owner = 0;  ///< handed back when lines are served
  int bank = 0;             ///< of the channel
  std::int64_t row = 0;
  int lines = 1;
};

/// The runs of one direction that wait in a channel: per bank a list in order of arrival, and its
/// oldest run to the open row, the hit.
class RunQueue {
 public:
  struct Entry {
    DramRun run;
    Clock accepted = 0;
    std::uint64_t key = 0;  ///< the smaller, the older: ages of both directions compare
    Entry *next = nullptr, *previous = nullptr;
  };

  RunQueue(int capacity_lines, int banks);
  RunQueue(RunQueue&&) = default;
  RunQueue& operator=(const RunQueue& other);

  [[nodiscard]] int lines() const { return lines_; }
  [[nodiscard]] int most_lines() const { return most_lines_; }  ///< that ever waited
  [[nodiscard]] bool fits(int lines) const { return lines_ + lines <= capacity_; }
  [[nodiscard]] bool all_single() const { return long_runs_ == 0; }  ///< runs of one line
  [[nodiscard]] BankSet banks() const { return banks_; }             ///< with runs
  [[nodiscard]] BankSet hit_banks() const { return hit_banks_; }     ///< with a hit
  /// With a hit that is the oldest run of the bank.
  [[nodiscard]] BankSet kept_banks() const { return kept_banks_; }
  /// Oldest run of a bank that has runs, and its hit when it has one.
  [[nodiscard]] Entry& oldest(int bank) { return *entries_[index(bank)].next; }
  [[nodiscard]] const Entry& oldest(int bank) const { return *entries_[index(bank)].next; }
  [[nodiscard]] const Entry& hit(int bank) const { return *hit_[index(bank)]; }
  [[nodiscard]] std::uint64_t hit_key(int bank) const { return hit_key_[index(bank)]; }
  /// Key of the oldest hit of the banks in `set`, all of which have one.
  [[nodiscard]] std::uint64_t oldest_hit_key(BankSet set) const {
    std::uint64_t key = ~std::uint64_t{0};
    for (; set != 0; set &= set - 1) key = std::min(key, hit_key(first_bank(set)));
    return key;
  }

  /// No run that waits was accepted before; kNever when none waits.
  [[nodiscard]] Clock oldest_accepted() const;

  /// `row_open`: the run goes to the open row of its bank.
  void push(const DramRun& run, Clock now, std::uint64_t key, bool row_open);
  /// Takes lines off the hit of a bank, which leaves with its last line.
  void serve(int bank, int lines);
  /// The bank has opened a row, or closed it.
  void open(int bank, std::int64_t row) {
    hit_banks_ |= bank_bit(bank);
    find_hit(bank, entries_[index(bank)].next, row);
  }
  void close(int bank) {
    hit_banks_ &= ~bank_bit(bank);
    kept_banks_ &= ~bank_bit(bank);
  }
  void close_all() { hit_banks_ = kept_banks_ = 0; }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  /// The first run to `row` in the list from `entry` becomes the hit, if there is one.
  void find_hit(int bank, Entry* entry, std::int64_t row);
  void set_hit(int bank, Entry* entry);

  int capacity_, lines_ = 0, most_lines_ = 0, long_runs_ = 0;
  BankSet banks_ = 0, hit_banks_ = 0, kept_banks_ = 0;
  std::array<std::uint64_t, kMaxBanks> hit_key_{};
  std::array<Entry*, kMaxBanks> hit_{};
  /// First an entry per bank that closes its list to a ring: none of its ends is a special case.
  std::vector<Entry> entries_;
  Entry* free_;  ///< list of the entries not in use
};

inline RunQueue::RunQueue(int capacity_lines, int banks)
    : capacity_(capacity_lines),
      entries_(index(banks + capacity_lines)),
      free_(&entries_[index(banks)]) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (i < index(banks)) {
      entry.next = entry.previous = &entry;
    } else if (i + 1 < entries_.size()) {
      entry.next = &entries_[i + 1];
    }
  }
}

/// The lists point into the entries.
inline RunQueue& RunQueue::operator=(const RunQueue& other) {
  if (this == &other) return *this;
  const auto own = [&](Entry* entry) {
    return entry == nullptr ? nullptr : entries_.data() + (entry - other.entries_.data());
  };
  capacity_ = other.capacity_;
  lines_ = other.lines_;
  most_lines_ = other.most_lines_;
  long_runs_ = other.long_runs_;
  banks_ = other.banks_;
  hit_banks_ = other.hit_banks_;
  kept_banks_ = other.kept_banks_;
  hit_key_ = other.hit_key_;
  entries_ = other.entries_;
  for (Entry& entry : entries_) {
    entry.next = own(entry.next);
    entry.previous = own(entry.previous);
  }
  for (std::size_t i = 0; i < hit_.size(); ++i) hit_[i] = own(other.hit_[i]);
  free_ = own(other.free_);
  return *this;
}

inline Clock RunQueue::oldest_accepted() const {
  Clock accepted = kNever;
  for (BankSet set = banks_; set != 0; set &= set - 1) {
    accepted = std::min(accepted, oldest(first_bank(set)).accepted);
  }
  return accepted;
}

inline void RunQueue::push(const DramRun& run, Clock now, std::uint64_t key, bool row_open) {
  Entry* entry = free_;
  free_ = entry->next;
  Entry* end = &entries_[index(run.bank)];
  // Field by field: a copy of a whole Entry would read back what has just been written in parts.
  entry->run.owner = run.owner;
  entry->run.row = run.row;
  entry->run.lines = run.lines;
  entry->accepted = now;
  entry->key = key;
  entry->next = end;
  entry->previous = end->previous;
  end->previous->next = entry;
  end->previous = entry;
  banks_ |= bank_bit(run.bank);
  lines_ += run.lines;
  long_runs_ += run.lines > 1;
  most_lines_ = std::max(most_lines_, lines_);
  if (!row_open || (hit_banks_ & bank_bit(run.bank)) != 0) return;
  hit_banks_ |= bank_bit(run.bank);
  set_hit(run.bank, entry);
}

inline void RunQueue::serve(int bank, int lines) {
  Entry* entry = hit_[index(bank)];
  lines_ -= lines;
  if (entry->run.lines > lines) {
    entry->run.lines -= lines;
    long_runs_ -= entry->run.lines == 1;
    return;
  }
  long_runs_ -= entry->run.lines > 1;
  Entry *next = entry->next, *previous = entry->previous;
  previous->next = next;
  next->previous = previous;
  if (next == previous) banks_ &= ~bank_bit(bank);  // both are the end
  entry->next = free_;
  free_ = entry;
  find_hit(bank, next, entry->run.row);
}

inline void RunQueue::find_hit(int bank, Entry* entry, std::int64_t row) {
  Entry* end = &entries_[index(bank)];
  end->run.row = row;
  while (entry->run.row != row) entry = entry->next;
  if (entry == end) {
    close(bank);
  } else {
    set_hit(bank, entry);
  }
}

inline void RunQueue::set_hit(int bank, Entry* entry) {
  const BankSet bit = bank_bit(bank);
  const bool kept = entry == &oldest(bank);
  kept_banks_ = (kept_banks_ & ~bit) | (kept ? bit : 0);
  hit_[index(bank)] = entry;
  hit_key_[index(bank)] = entry->key;
}

}  // namespace h2
