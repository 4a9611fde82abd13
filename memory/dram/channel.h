#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "memory/dram/device.h"
#include "memory/dram/statistics.h"

namespace h2 {

/// Accesses to consecutive columns of one row. A single 64 B access is a run of one line.
struct DramRun {
  std::uint32_t owner = 0;  ///< handed back when lines are served
  int bank = 0;             ///< of the channel
  std::int64_t row = 0;
  int lines = 1;
};

/// Column commands that have been issued for a run.
struct DramServed {
  std::uint32_t owner = 0;
  int lines = 0;
  bool write = false;
  Clock accepted = 0;
  Clock data_end = 0;  ///< last data on the bus
};

/// Open-page controller of one channel. Nothing ticks: the next command and its clock follow from
/// the queues and the device; they change only when a run is pushed or a command is issued.
///
/// Scheduling (first-ready, row hits first): of the commands that could be issued first, a column
/// command wins over activate and precharge, then the older run. A row is closed only when no
/// queued run of the current direction hits it, or a run has waited kPatience clocks. Posted
/// writes collect in their buffer until it is 80 % full or no read waits; a drain leaves 20 % and
/// is followed by as many reads before the next one. A run whose row was activated is served
/// before the direction changes.
class DramChannel {
 public:
  /// `gap_lines`: distance of the column commands inside a run, in clocks.
  DramChannel(const DramSpec& spec, Clock run_gap);

  [[nodiscard]] bool can_accept(bool write, int lines) const {
    return queues_[write].lines + lines <= queues_[write].capacity;
  }
  [[nodiscard]] int queued(bool write) const { return queues_[write].lines; }
  /// The run takes part in the choice from clock `now` + 1. Commands up to `now` must have been
  /// issued (advance) and can_accept must hold.
  void push(bool write, const DramRun& run, Clock now);

  /// Clock of the next command, kNever when nothing is queued.
  [[nodiscard]] Clock next_command() const {
    if (!next_known_) choose_next();
    return next_.at;
  }
  /// Issues every command up to and including clock `until`.
  void advance(Clock until, std::vector<DramServed>& served);

  [[nodiscard]] const DramStatistics& statistics() const { return statistics_; }
  /// Accounts for refreshes of an idle channel up to `now`.
  void catch_up(Clock now);
  [[nodiscard]] const DramTiming& timing() const { return device_.timing(); }

  using Observer = std::function<void(Command, int bank, std::int64_t row, Clock at)>;
  /// Sees every command (a run of column commands once), for checkers and traces.
  void observe(Observer observer) { observer_ = std::move(observer); }

  static constexpr Clock kPatience = 1000;

 private:
  static constexpr std::int16_t kNone = -1;
  struct Entry {
    DramRun run;
    Clock accepted = 0;
    std::uint64_t order = 0;
    std::int16_t next = kNone;
    bool counted = false;  ///< already counted as a row miss or conflict
  };
  struct Queue {
    int lines = 0, capacity = 0;
    std::uint64_t banks = 0;  ///< bit per bank with runs
    std::uint64_t hits = 0;   ///< bit per bank with runs that hit its open row
  };
  /// Runs of one bank and direction in order of arrival, and the oldest that hits the open row.
  struct BankQueue {
    std::int16_t head = kNone, tail = kNone, hit = kNone;
  };
  struct BankState {
    std::array<BankQueue, 2> queue;
    bool activated[2] = {false, false};  ///< row opened for a run that has not been served
  };
  /// A command that could be next. Two words, so that the scan over the banks stays in registers:
  /// `key` orders candidates of one clock (column commands first, then the older run) and
  /// carries bank, direction and command below the order.
  struct Choice {
    Clock at = kNever;
    std::uint64_t key = ~std::uint64_t{0};
    [[nodiscard]] static Choice make(Clock at, Command command, int bank, bool write,
                                     std::uint64_t order) {
      const bool column = command == Command::read || command == Command::write;
      return {at, (column ? 0 : std::uint64_t{1} << 63) | order << 10 |
                      static_cast<std::uint64_t>(bank) << 4 |
                      static_cast<std::uint64_t>(write) << 3 | static_cast<std::uint64_t>(command)};
    }
    [[nodiscard]] bool before(const Choice& other) const {
      return (at < other.at) | ((at == other.at) & (key < other.key));
    }
    void improve(const Choice& other) {
      const bool better = other.before(*this);
      at = better ? other.at : at;
      key = better ? other.key : key;
    }
    [[nodiscard]] Command command() const { return static_cast<Command>(key & 7); }
    [[nodiscard]] bool write() const { return (key >> 3 & 1) != 0; }
    [[nodiscard]] int bank() const { return static_cast<int>(key >> 4 & 63); }
  };

  /// The best commands of one direction while the other has no activated run: of the banks with
  /// hits, and of the others. Issuing a command or a new run mostly leaves one or both in force.
  struct Candidates {
    bool write = false;
    bool columns_known = false, rows_known = false;
    Choice column, row;
  };

  [[nodiscard]] bool next_direction() const;
  void choose_next() const;
  [[nodiscard]] Choice choose() const;
  [[nodiscard]] Choice request_choice() const;
  [[nodiscard]] Choice pending_choice(bool write) const;
  void find_candidates(bool write) const;
  [[nodiscard]] Choice maintenance_choice() const;
  [[nodiscard]] Choice refresh_choice() const;
  [[nodiscard]] Choice bank_choice(int b, bool write) const {
    if (bank(b).activated[!write]) return offer_column(b, !write);
    if (bank(b).queue[write].hit == kNone) return offer_row(b, write);
    return hit_choice(b, write, activated_banks_[!write] == 0 ? offer_column(b, write) : Choice{});
  }
  /// Of a bank with hits: the column command, unless its oldest run has waited too long by then.
  [[nodiscard]] Choice hit_choice(int b, bool write, const Choice& column) const {
    const BankQueue& q = bank(b).queue[write];
    if (q.hit == q.head || bank(b).activated[write]) return column;
    const Clock patience_ends = entry(q.head).accepted + kPatience;
    if (column.at <= patience_ends) return column;
    Choice precharge = offer_row(b, write);
    precharge.at = std::max(precharge.at, patience_ends + 1);
    return precharge;
  }
  [[nodiscard]] Choice offer_column(int b, bool write) const {
    return Choice::make(std::max(not_before_, device_.earliest_column(write, b)),
                        write ? Command::write : Command::read, b, write,
                        entry(bank(b).queue[write].hit).order);
  }
  [[nodiscard]] Choice offer_row(int b, bool write) const {
    const bool closed = device_.open_row(b) == DramDevice::kClosed;
    return Choice::make(std::max(not_before_, device_.earliest_row(b)),
                        closed ? Command::activate : Command::precharge, b, write,
                        entry(bank(b).queue[write].head).order);
  }
  void set_hit(int bank, bool write, std::int16_t entry);
  void issue(const Choice& choice, std::vector<DramServed>& served);
  void issue_columns(const Choice& choice, std::vector<DramServed>& served);
  void issue_row(const Choice& choice);
  void issue_maintenance(const Choice& choice);
  void set_direction(bool write);
  void remove(Entry& entry, bool write, std::int16_t index);
  [[nodiscard]] std::int16_t find_row(std::int16_t from, std::int64_t row) const;
  Entry& entry(std::int16_t i) { return entries_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const Entry& entry(std::int16_t i) const {
    return entries_[static_cast<std::size_t>(i)];
  }
  BankState& bank(int i) { return banks_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const BankState& bank(int i) const { return banks_[static_cast<std::size_t>(i)]; }

  DramDevice device_;
  Clock run_gap_;
  std::vector<Entry> entries_;
  std::vector<std::int16_t> free_;
  std::vector<BankState> banks_;
  std::array<Queue, 2> queues_;                     ///< [0] reads, [1] writes
  std::array<std::uint64_t, 2> activated_banks_{};  ///< bit per bank with an activated run
  int high_mark_, low_mark_;
  bool writing_ = false;
  int batch_left_ = 0;    ///< accesses before the direction may be forced to change
  Clock not_before_ = 0;  ///< no command before: one per clock, none before a known arrival
  Clock refresh_due_;
  std::uint64_t order_ = 0;
  mutable Choice next_;
  mutable bool next_known_ = false;
  mutable Candidates candidates_;
  DramStatistics statistics_;
  Observer observer_;
};

}  // namespace h2
