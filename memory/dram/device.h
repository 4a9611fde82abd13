// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "memory/dram/memory_spec.h"

namespace h2 {

/// Time in DRAM clocks since the start of the simulation.
using Clock = std::int64_t;
inline constexpr Clock kNever = std::numeric_limits<Clock>::max() / 4;

/// Banks of a channel, a bit each.
using BankSet = std::uint64_t;
constexpr BankSet bank_bit(int bank) { return BankSet{1} << bank; }
constexpr int first_bank(BankSet set) { return __builtin_ctzll(set); }
inline constexpr int kMaxBanks = 64;

enum class Command { activate, precharge, read, write, precharge_all, refresh };

/// Distances between commands in clocks, derived from a DramSpec.
struct DramTiming {
  /// Throws InputError when a parameter is out of range or the access is not 64 B.
  explicit DramTiming(const DramSpec& spec);

  Clock burst;                 ///< data bus occupied by one access: burst_length/2
  Clock cas_gap_s, cas_gap_l;  ///< same-direction column commands: other / same bank group
  Clock read_latency;          ///< read command to last data: CL + burst
  Clock write_latency;         ///< write command to last data: CWL + burst
  Clock read_to_write;         ///< CL + burst + 2 - CWL: the bus turns round
  Clock write_to_read_s, write_to_read_l;  ///< CWL + burst + tWTR
  Clock write_to_precharge;                ///< CWL + burst + tWR
  Clock read_to_precharge;                 ///< tRTP
  Clock rank_gap;       ///< read to a read of another rank: another device drives the bus
  Clock rank_wr_to_rd;  ///< write command to a read command in another rank
  Clock trcd, trp, tras, trc, trrd_s, trrd_l, tfaw, trfc, trefi;
};

/// Banks of one channel: the earliest clock of every command (a const query) and the change of
/// state when a command is issued. Knows no requests. Banks are numbered rank, group, bank.
class DramDevice {
 public:
  explicit DramDevice(const DramSpec& spec);

  /// First clock at which the command keeps every distance to the commands issued so far. The
  /// caller checks that it makes sense in the bank's state. precharge_all and refresh ignore
  /// `bank`.
  [[nodiscard]] Clock earliest(Command command, int bank) const;
  /// Of a column command to any bank.
  [[nodiscard]] Clock earliest_column(bool write) const {
    return latest(command_bus_, column_ready(write));
  }

  /// The same for commands to one bank or any, but for the rule of one command per clock, which
  /// a caller with several banks applies once.
  [[nodiscard]] Clock activate_ready(int bank) const {
    const Clock shared =
        latest(group_activate_[group_of_[index(bank)]], ranks_[rank_of_[index(bank)]].activate);
    return latest(activate_[index(bank)], shared);
  }
  [[nodiscard]] Clock precharge_ready(int bank) const { return precharge_[index(bank)]; }
  [[nodiscard]] Clock column_ready(bool write, int bank) const {
    const Clock group = after_last(group_column_[group_of_[index(bank)]], same_group_, write);
    return latest(column_[index(bank)], latest(group, rank_ready(write, rank_of_[index(bank)])));
  }
  /// No bank at all can take a column command of the direction before.
  [[nodiscard]] Clock column_ready(bool write) const {
    return rank_count_ == 1 ? after_last(last_column_, same_rank_, write) : first_rank_ready(write);
  }
  /// The banks of `set` that can take a column command of the direction at `at`, a clock not before
  /// column_ready(write).
  [[nodiscard]] BankSet ready_banks(BankSet set, bool write, Clock at) const {
    if (at < after_last(last_column_, longest_gap_, write)) {
      for (BankSet left = set; left != 0; left &= left - 1) {
        const int bank = first_bank(left);
        set ^= static_cast<BankSet>(column_ready(write, bank) > at) << bank;
      }
    } else if (at < opening_until_) {
      for (BankSet left = set & opening_; left != 0; left &= left - 1) {
        const int bank = first_bank(left);
        set ^= static_cast<BankSet>(column_[index(bank)] > at) << bank;
      }
    }
    return set;
  }

  /// Issues a command; `run` column commands follow each other at `gap` clocks.
  void issue(Command command, int bank, std::int64_t row, Clock at, int run = 1, Clock gap = 0);
  /// The same for column commands, the first at clock `at` and the last at `last`.
  void issue_columns(bool write, int bank, Clock at, Clock last);

  static constexpr std::int64_t kClosed = -1;
  [[nodiscard]] std::int64_t open_row(int bank) const { return open_row_[index(bank)]; }
  [[nodiscard]] BankSet open_banks() const { return open_banks_; }
  [[nodiscard]] bool all_closed() const { return open_banks_ == 0; }
  [[nodiscard]] int banks() const { return bank_count_; }
  /// The same rows are open and every distance to a past command has been kept at clock `now`.
  [[nodiscard]] bool rests_like(const DramDevice& other, Clock now) const;
  [[nodiscard]] const DramTiming& timing() const { return timing_; }

 private:
  using ReadWrite = std::array<Clock, 2>;  ///< of the last read, of the last write
  struct Rank {
    Clock activate = 0;
    ReadWrite last_column{-kNever, -kNever};
    std::array<Clock, 4> window{};  ///< clock at which each of the last four activates leaves tFAW
    unsigned oldest = 0;
  };
  /// Distances to a read [0] and to a write [1]: each from a read and from a write.
  using Gaps = std::array<ReadWrite, 2>;
  template <class T>
  using PerBank = std::array<T, kMaxBanks>;
  static Clock latest(Clock a, Clock b) { return a > b ? a : b; }
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  static Clock after_last(const ReadWrite& last, const Gaps& gaps, bool write) {
    return latest(last[0] + gaps[write][0], last[1] + gaps[write][1]);
  }
  [[nodiscard]] Clock rank_ready(bool write, int rank) const {
    return rank_count_ == 1 ? after_last(last_column_, same_rank_, write)
                            : rank_of_several_ready(write, rank);
  }
  [[nodiscard]] Clock rank_of_several_ready(bool write, int rank) const;
  [[nodiscard]] Clock first_rank_ready(bool write) const;
  [[nodiscard]] Clock earliest_maintenance(Command command) const;
  void activate(int bank, std::int64_t row, Clock at);

  // Of a bank: its open row, and the first clocks of commands by the rules inside the bank.
  PerBank<std::int64_t> open_row_;
  PerBank<Clock> activate_{}, precharge_{}, column_{};
  PerBank<std::uint8_t> group_of_{}, rank_of_{};
  PerBank<Clock> group_activate_{};
  PerBank<ReadWrite> group_column_;
  ReadWrite last_column_{-kNever, -kNever};  ///< of all banks
  Clock command_bus_ = 0;
  BankSet open_banks_ = 0;
  BankSet opening_ = 0;      ///< no other bank is in its tRCD
  Clock opening_until_ = 0;  ///< nor is any of these from this clock on
  Gaps same_group_, same_rank_, other_rank_;
  Gaps longest_gap_;                   ///< of the three
  std::array<Clock, 2> to_precharge_;  ///< from a read, from a write
  int bank_count_, rank_count_;
  DramTiming timing_;
  PerBank<Rank> ranks_;
};

inline void DramDevice::issue_columns(bool write, int bank, Clock at, Clock last) {
  precharge_[index(bank)] = latest(precharge_[index(bank)], last + to_precharge_[write]);
  group_column_[group_of_[index(bank)]][write] = last;
  if (rank_count_ > 1) ranks_[rank_of_[index(bank)]].last_column[write] = last;
  last_column_[write] = last;
  command_bus_ = at + 1;
}

}  // namespace h2
