// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

#include "memory/dram/device.h"
#include "memory/dram/run_queue.h"
#include "memory/dram/statistics.h"

namespace h2 {

/// Column commands that have been issued for a run.
struct DramServed {
  std::uint32_t owner = 0;
  int lines = 0;  ///< 0: another command has been issued
  bool write = false;
  Clock accepted = 0;
  Clock data_end = 0;  ///< last data on the bus
};

/// Open-page controller of one channel. Nothing ticks: the next command and its clock follow from
/// the queues and the device; they change only when a run is pushed or a command is issued.
///
/// Scheduling (first-ready, row hits first): of the commands that could be issued first, a column
/// command wins over activate and precharge, then the older run. Runs that hit the open row keep it
/// open for as long as one of them is the oldest of its bank and direction; after that the row may
/// be closed, and younger hits are served until it is, or until the oldest run has waited
/// kLongestWait clocks. Posted writes collect in their buffer until it is 80 % full or no read
/// waits. While reads wait, a drain ends at 20 %, or after as many lines as make the buffer 80 %
/// full, and as many reads as lie between the two marks come before the next. A run whose row was
/// activated is served before the direction changes.
class DramChannel {
 public:
  /// `run_gap`: distance of the column commands inside a run, in clocks.
  DramChannel(const DramSpec& spec, Clock run_gap);

  DramChannel(DramChannel&&) = default;
  DramChannel& operator=(const DramChannel&) = default;

  [[nodiscard]] bool can_accept(bool write, int lines) const { return queues_[write].fits(lines); }
  [[nodiscard]] int queued(bool write) const { return queues_[write].lines(); }
  /// Every run that waits is a single line.
  [[nodiscard]] bool all_single(bool write) const { return queues_[write].all_single(); }
  /// The run takes part in the choice from clock `now` + 1. Commands up to `now` must have been
  /// issued and can_accept must hold.
  void push(bool write, const DramRun& run, Clock now);

  /// Clock of the next command, kNever when nothing is queued.
  [[nodiscard]] Clock next_command() const { return next_.at; }
  /// Clock at which a channel with nothing queued closes its rows for a refresh, kNever if it has
  /// something queued or no row open. catch_up() carries it out.
  [[nodiscard]] Clock next_closing() const {
    return idle() && !device_.all_closed() ? maintenance_choice().at : kNever;
  }
  /// Lower bound of the clock of the next write command, whatever arrives from clock `from` on.
  [[nodiscard]] Clock earliest_write(Clock from) const;
  [[nodiscard]] bool due(Clock until) const { return next_.at <= until; }
  /// Issues every command up to and including clock `until`; serve(DramServed) is called for
  /// those that move data. Defined in channel_schedule.h, as all code that runs for every line.
  template <class Serve>
  void advance(Clock until, Serve serve);
  /// Issues the next command, at clock next_command().
  DramServed issue_next();

  [[nodiscard]] DramStatistics statistics() const;
  /// The same, and starts counting anew.
  DramStatistics take_statistics();
  /// Nothing queued, no distance left to keep at clock `now`, and whatever comes from now on would
  /// be treated as by the other one.
  [[nodiscard]] bool rests_like(const DramChannel& other, Clock now) const;
  /// Accounts for refreshes of an idle channel up to `now`.
  void catch_up(Clock now);
  [[nodiscard]] const DramTiming& timing() const { return device_.timing(); }
  [[nodiscard]] int banks() const { return device_.banks(); }

  using Observer = std::function<void(Command, int bank, std::int64_t row, Clock at)>;
  /// Sees every command (a run of column commands once), for checkers and traces.
  void observe(Observer observer) { observer_ = std::move(observer); }

  static constexpr Clock kLongestWait = 1000;

 private:
  /// Key of a run: its age, then bank and direction, then room for a command.
  [[nodiscard]] static std::uint64_t run_key(std::uint64_t order, int bank, bool write) {
    return order << 10 | static_cast<std::uint64_t>(bank) << 4 |
           static_cast<std::uint64_t>(write) << 3;
  }
  /// A command that could be next. Two words, so that the scan over the banks stays in registers:
  /// the key is that of the run, with the command, and puts column commands before the others.
  struct Choice {
    Clock at = kNever;
    std::uint64_t key = ~std::uint64_t{0};
    [[nodiscard]] static Choice column(Clock at, bool write, std::uint64_t run_key) {
      return {at, run_key | static_cast<std::uint64_t>(write ? Command::write : Command::read)};
    }
    [[nodiscard]] static Choice other(Clock at, Command command, std::uint64_t run_key) {
      return {at, std::uint64_t{1} << 63 | run_key | static_cast<std::uint64_t>(command)};
    }
    /// Both words as one number.
    [[nodiscard]] bool before(const Choice& other) const {
      using Wide = unsigned __int128;
      const auto wide = [](const Choice& c) {
        return static_cast<Wide>(static_cast<std::uint64_t>(c.at)) << 64 | c.key;
      };
      return wide(*this) < wide(other);
    }
    void improve(const Choice& other) {
      // Without a branch: which is better is as good as random.
      const bool better = other.before(*this);
      at = better ? other.at : at;
      key = better ? other.key : key;
    }
    [[nodiscard]] Command command() const { return static_cast<Command>(key & 7); }
    [[nodiscard]] bool is_column() const { return key >> 63 == 0; }
    [[nodiscard]] bool write() const { return (key >> 3 & 1) != 0; }
    [[nodiscard]] int bank() const { return static_cast<int>(key >> 4 & 63); }
  };

  /// The best activate or precharge of one direction, as long as no event could bring it forward.
  struct RowChoice {
    bool write = false, known = false;
    bool exact = false;  ///< else the time is a lower bound
    Choice best;
  };

  [[nodiscard]] bool idle() const { return queues_[0].lines() + queues_[1].lines() == 0; }
  [[nodiscard]] bool next_direction() const;
  void choose_next();
  void reconsider();
  template <bool write>
  [[nodiscard]] Choice request_choice();
  [[nodiscard]] Choice any_choice(bool write);
  [[nodiscard]] const Choice& row_choice(bool write);
  [[nodiscard]] bool no_row_before(Clock at, bool write);
  void find_row_choice(bool write);
  [[nodiscard]] Choice pending_choice(bool write) const;
  [[nodiscard]] BankSet closing_banks(bool write) const;
  [[nodiscard]] bool none_waited_too_long(bool write, Clock at);
  [[nodiscard]] Choice maintenance_choice() const;
  [[nodiscard]] Choice refresh_choice(bool write) const;
  [[nodiscard]] Choice bank_choice(int bank, bool write) const;
  [[nodiscard]] Choice column_choice(int bank, bool write) const;
  [[nodiscard]] Choice offer_column(int bank, bool write) const;
  [[nodiscard]] Choice offer_activate(int bank, bool write) const;
  [[nodiscard]] Choice offer_precharge(int bank, bool write) const;
  [[nodiscard]] Choice offer_row(int bank, bool write) const;
  template <bool write>
  void push(const DramRun& run, Clock now);
  template <bool write>
  void issue_columns(Choice choice, DramServed& served);
  [[nodiscard]] int lines_to_issue(const DramRun& run, bool write, Clock at) const;
  void issue_row(Choice choice);
  void issue_maintenance(Choice choice);
  void set_direction(bool write);

  Choice next_;              ///< of what is known now
  bool next_write_ = false;  ///< the direction next_ serves or prepares
  bool writing_ = false;
  int batch_left_ = 0;    ///< accesses before the direction may be forced to change
  Clock not_before_ = 0;  ///< no command before: one per clock, none before a known arrival
  Clock refresh_due_;
  std::uint64_t order_ = 0;
  RowChoice row_choice_;
  std::array<BankSet, 2> activated_banks_{};  ///< row opened for a run that has not been served
  BankSet closed_for_others_ = 0;             ///< by a precharge, not yet opened again
  std::array<Clock, 2> oldest_accepted_{};    ///< no run has waited longer
  Clock run_gap_;
  int high_mark_, low_mark_;  ///< of the write buffer, lines
  DramDevice device_;
  std::array<RunQueue, 2> queues_;  ///< reads, writes
  DramStatistics statistics_;
  std::array<std::uint64_t, 2> served_lines_{};
  std::uint64_t served_misses_ = 0;  ///< lines served for which a row had to be opened
  Observer observer_;
};

}  // namespace h2
