// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>

#include "memory/dram/device.h"

namespace h2::test {

struct Issued {
  Command command = Command::refresh;
  int bank = 0;
  Clock at = 0;
};

inline int group_of(const DramSpec& s, int bank) { return bank / s.banks_per_group; }
inline int rank_of(const DramSpec& s, int bank) { return group_of(s, bank) / s.bank_groups; }
inline bool is_column(Command c) { return c == Command::read || c == Command::write; }

/// Distance between two column commands.
inline Clock column_distance(const DramSpec& s, const Issued& a, const Issued& b) {
  const Clock burst = s.burst_length / 2;
  const bool same_group = group_of(s, a.bank) == group_of(s, b.bank);
  const bool same_rank = rank_of(s, a.bank) == rank_of(s, b.bank);
  const Clock ccd = std::max<Clock>(burst, same_group ? s.tccd_l : s.tccd_s);
  if (a.command == b.command && same_rank) return ccd;
  if (a.command == b.command) return a.command == Command::read ? burst + 2 : burst;
  if (a.command == Command::read) return s.cl + burst + 2 - s.cwl;
  if (!same_rank) return std::max<Clock>(1, s.cwl + burst + 2 - s.cl);
  return s.cwl + burst + (same_group ? s.twtr_l : s.twtr_s);
}

/// The standard's table of pairs: least distance from command `a` to a later command `b`, written
/// without reference to the model under test. Four activates in tFAW are a window, not a pair.
inline Clock pair_distance(const DramSpec& s, const Issued& a, const Issued& b) {
  const bool a_all = a.command == Command::precharge_all || a.command == Command::refresh;
  const bool b_all = b.command == Command::precharge_all || b.command == Command::refresh;
  const bool same_bank = a_all || b_all || a.bank == b.bank;
  const bool b_closes = b.command == Command::precharge || b.command == Command::precharge_all;
  const Clock burst = s.burst_length / 2;
  if (is_column(a.command)) {
    if (is_column(b.command)) return column_distance(s, a, b);
    if (b_closes && same_bank) {
      return a.command == Command::read ? s.trtp : s.cwl + burst + s.twr;
    }
    return 1;
  }
  if (a.command == Command::activate) {
    if (b.command == Command::refresh) return s.tras + s.trp;
    if (b_closes && same_bank) return s.tras;
    if (is_column(b.command) && same_bank) return s.trcd;
    if (b.command != Command::activate) return 1;
    if (same_bank) return s.tras + s.trp;
    if (group_of(s, a.bank) == group_of(s, b.bank)) return s.trrd_l;
    return rank_of(s, a.bank) == rank_of(s, b.bank) ? s.trrd_s : 1;
  }
  const bool b_opens = b.command == Command::activate || b.command == Command::refresh;
  if (!b_opens || !same_bank) return 1;
  return a.command == Command::refresh ? s.trfc : s.trp;
}

/// Commands of one channel in order of time.
class CommandHistory {
 public:
  explicit CommandHistory(const DramSpec& spec) : spec_(spec) {}

  [[nodiscard]] bool allowed(const Issued& next) const {
    int window = 0;
    for (auto old = history_.rbegin(); old != history_.rend(); ++old) {
      if (next.at - old->at < pair_distance(spec_, *old, next)) return false;
      const bool counts = next.command == Command::activate && old->command == Command::activate &&
                          rank_of(spec_, old->bank) == rank_of(spec_, next.bank);
      if (counts && ++window == 4 && next.at - old->at < spec_.tfaw) return false;
    }
    return true;
  }

  void add(const Issued& command) {
    history_.push_back(command);
    while (history_.front().at < command.at - spec_.trfc) history_.pop_front();
  }

 private:
  DramSpec spec_;
  std::deque<Issued> history_;
};

}  // namespace h2::test
