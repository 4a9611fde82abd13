#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "memory/memory_spec.h"

namespace h2 {

/// Time in DRAM clocks since the start of the simulation.
using Clock = std::int64_t;
inline constexpr Clock kNever = std::numeric_limits<Clock>::max() / 4;

/// Banks of a channel, a bit each.
using BankSet = std::uint64_t;
constexpr BankSet bank_bit(int bank) { return BankSet{1} << bank; }
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
  Clock rank_gap;                          ///< same-direction column commands to another rank
  Clock rank_wr_to_rd;                     ///< write command to a read command in another rank
  Clock trcd, trp, tras, trc, trrd_s, trrd_l, tfaw, trfc, trefi;
};

/// Banks of one channel: the earliest clock of every command (a const query) and the change of
/// state when a command is issued. Knows no requests. Banks are numbered rank, group, bank.
class DramDevice {
 public:
  explicit DramDevice(const DramSpec& spec);

  /// First clock at which the command keeps every distance to the commands issued so far. Whether
  /// it makes sense in the bank's state is the caller's business. precharge_all and refresh
  /// ignore `bank`.
  [[nodiscard]] Clock earliest(Command command, int bank) const;
  /// Of the row command the bank needs next: activate when it is closed, precharge when open. Which
  /// of the two is as good as random to a branch predictor, so that it is computed without a
  /// branch.
  [[nodiscard]] Clock earliest_row(int bank) const {
    const Bank& b = banks_[index(bank)];
    const auto closed = static_cast<Clock>(b.open_row == kClosed);
    const Clock shared = latest(groups_[index(b.group)].activate, ranks_[index(b.rank)].activate);
    const Clock own = b.precharge + closed * (b.activate - b.precharge);
    return latest(command_bus_, latest(own, closed * shared));
  }
  [[nodiscard]] Clock earliest_column(bool write, int bank) const {
    return latest(command_bus_, column_ready(write, bank));
  }
  /// No bank at all can take a column command of the direction before.
  [[nodiscard]] Clock earliest_column(bool write) const {
    Clock at = rank_ready(write, 0);
    for (int r = 1; r < rank_count_; ++r) at = std::min(at, rank_ready(write, r));
    return latest(command_bus_, at);
  }
  /// The banks of `set` that can take a column command of the direction at `at`, a clock not before
  /// earliest_column(write).
  [[nodiscard]] BankSet ready_banks(BankSet set, bool write, Clock at) const {
    if (at < after_last(last_column_, longest_gap_, write)) {
      for (BankSet left = set; left != 0; left &= left - 1) {
        const int bank = __builtin_ctzll(left);
        set ^= static_cast<BankSet>(column_ready(write, bank) > at) << bank;
      }
    } else if (at < opening_until_) {
      for (BankSet left = set & opening_; left != 0; left &= left - 1) {
        const int bank = __builtin_ctzll(left);
        set ^= static_cast<BankSet>(banks_[index(bank)].column > at) << bank;
      }
    }
    return set;
  }

  /// Issues a command; `run` column commands follow each other at `gap` clocks.
  void issue(Command command, int bank, std::int64_t row, Clock at, int run = 1, Clock gap = 0);
  /// The same for column commands, the first at clock `at` and the last at `last`.
  void issue_columns(bool write, int bank, Clock at, Clock last);

  static constexpr std::int64_t kClosed = -1;
  [[nodiscard]] std::int64_t open_row(int bank) const { return banks_[index(bank)].open_row; }
  [[nodiscard]] bool all_closed() const { return open_banks_ == 0; }
  [[nodiscard]] int banks() const { return bank_count_; }
  [[nodiscard]] const DramTiming& timing() const { return timing_; }

 private:
  using ReadWrite = std::array<Clock, 2>;  ///< of the last read, of the last write
  struct Bank {
    std::int64_t open_row = kClosed;
    Clock activate = 0, precharge = 0, column = 0;
    int group = 0, rank = 0;
  };
  struct Group {
    Clock activate = 0;
    ReadWrite last_column{-kNever, -kNever};
  };
  struct Rank {
    Clock activate = 0;
    ReadWrite last_column{-kNever, -kNever};
    std::array<Clock, 4> window{};  ///< clock at which each of the last four activates leaves tFAW
    unsigned oldest = 0;
  };
  /// Distances to a read [0] and to a write [1]: each from a read and from a write.
  using Gaps = std::array<ReadWrite, 2>;
  static Clock latest(Clock a, Clock b) { return a > b ? a : b; }
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  static Clock after_last(const ReadWrite& last, const Gaps& gaps, bool write) {
    return latest(last[0] + gaps[write][0], last[1] + gaps[write][1]);
  }
  [[nodiscard]] Clock rank_ready(bool write, int rank) const {
    Clock at = after_last(ranks_[index(rank)].last_column, same_rank_, write);
    for (int r = 0; rank_count_ > 1 && r < rank_count_; ++r) {
      if (r != rank) at = latest(at, after_last(ranks_[index(r)].last_column, other_rank_, write));
    }
    return at;
  }
  [[nodiscard]] Clock column_ready(bool write, int bank) const {
    const Bank& b = banks_[index(bank)];
    const Clock group = after_last(groups_[index(b.group)].last_column, same_group_, write);
    return latest(b.column, latest(group, rank_ready(write, b.rank)));
  }
  [[nodiscard]] Clock earliest_maintenance(Command command) const;
  void activate(int bank, std::int64_t row, Clock at);

  DramTiming timing_;
  Gaps same_group_, same_rank_, other_rank_;
  Gaps longest_gap_;                   ///< of the three
  std::array<Clock, 2> to_precharge_;  ///< from a read, from a write
  int bank_count_, rank_count_;
  std::array<Bank, kMaxBanks> banks_;
  std::array<Group, kMaxBanks> groups_;
  std::array<Rank, kMaxBanks> ranks_;
  BankSet opening_ = 0;      ///< no other bank is in its tRCD
  Clock opening_until_ = 0;  ///< nor is any of these from this clock on
  ReadWrite last_column_{-kNever, -kNever};
  int open_banks_ = 0;
  Clock command_bus_ = 0;
};

inline void DramDevice::issue_columns(bool write, int bank, Clock at, Clock last) {
  Bank& b = banks_[index(bank)];
  b.precharge = latest(b.precharge, last + to_precharge_[write]);
  groups_[index(b.group)].last_column[write] = last;
  ranks_[index(b.rank)].last_column[write] = last;
  last_column_[write] = last;
  command_bus_ = at + 1;
}

}  // namespace h2
