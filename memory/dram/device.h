#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "memory/memory_spec.h"

namespace h2 {

/// Time in DRAM clocks since the start of the simulation.
using Clock = std::int64_t;
inline constexpr Clock kNever = std::numeric_limits<Clock>::max() / 4;

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
  [[nodiscard]] Clock earliest(Command command, int bank) const {
    switch (command) {
      case Command::activate: {
        const Bank& b = banks_[index(bank)];
        const Rank& r = ranks_[index(b.rank)];
        const Clock group = groups_[index(b.group)].activate;
        return latest(latest(command_bus_, b.activate),
                      latest(latest(group, r.activate), r.window[r.oldest]));
      }
      case Command::precharge:
        return latest(command_bus_, banks_[index(bank)].precharge);
      case Command::read:
      case Command::write:
        return earliest_column(command == Command::write, bank);
      default:
        return earliest_maintenance(command);
    }
  }
  /// Of the row command the bank needs next: activate when it is closed, precharge when open. Both
  /// are computed, since which of the two is as good as random to a branch predictor.
  [[nodiscard]] Clock earliest_row(int bank) const {
    const Bank& b = banks_[index(bank)];
    const Rank& r = ranks_[index(b.rank)];
    const Clock activate = latest(latest(b.activate, groups_[index(b.group)].activate),
                                  latest(r.activate, r.window[r.oldest]));
    return latest(command_bus_, b.open_row == kClosed ? activate : b.precharge);
  }
  [[nodiscard]] Clock earliest_column(bool write, int bank) const {
    const Bank& b = banks_[index(bank)];
    return latest(latest(command_bus_, b.column), latest(groups_[index(b.group)].column[write],
                                                         ranks_[index(b.rank)].column[write]));
  }

  /// Issues a command; `run` column commands follow each other at `gap` clocks.
  void issue(Command command, int bank, std::int64_t row, Clock at, int run = 1, Clock gap = 0);

  static constexpr std::int64_t kClosed = -1;
  [[nodiscard]] std::int64_t open_row(int bank) const { return banks_[index(bank)].open_row; }
  [[nodiscard]] bool all_closed() const { return open_banks_ == 0; }
  [[nodiscard]] int banks() const { return static_cast<int>(banks_.size()); }
  [[nodiscard]] const DramTiming& timing() const { return timing_; }

 private:
  struct Bank {
    std::int64_t open_row = kClosed;
    Clock activate = 0, precharge = 0, column = 0;
    int group = 0, rank = 0;
  };
  struct Group {
    Clock activate = 0;
    std::array<Clock, 2> column{};  ///< read, write
  };
  struct Rank {
    Clock activate = 0;
    std::array<Clock, 2> column{};
    std::array<Clock, 4> window{};  ///< clock at which each of the last four activates leaves tFAW
    unsigned oldest = 0;
  };
  static Clock latest(Clock a, Clock b) { return a > b ? a : b; }
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  [[nodiscard]] Clock earliest_maintenance(Command command) const;
  void activate(Bank& bank, std::int64_t row, Clock at);
  void column(bool write, Bank& bank, Clock last);

  DramTiming timing_;
  std::vector<Bank> banks_;
  std::vector<Group> groups_;
  std::vector<Rank> ranks_;
  int open_banks_ = 0;
  Clock command_bus_ = 0;
};

}  // namespace h2
