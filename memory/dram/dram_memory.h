// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "memory/dram/address_map.h"
#include "memory/dram/channel.h"
#include "memory/dram/memory_timing.h"

namespace h2 {

/// The channels of one MemN behind a front end that deals the lines of the ports' transactions to
/// the channel queues: ports in turn, each in order, for its lines up to the next stripe (a line of
/// every channel) or the first that finds a full queue; no turn begins after 8 lines in a clock. A
/// port whose next line finds room again has up to 8 turns before the next port comes first.
///
/// As long as transactions touch whole stripes, all channels do the same at the same time: in
/// lockstep, one is simulated and represents all. `exact` simulates each.
class DramMemory final : public MemoryTiming {
 public:
  /// Throws InputError on an invalid specification.
  DramMemory(const DramSpec& spec, std::uint64_t capacity_bytes, BurstService service);

  /// Throws InputError when the port is not below kMaxPorts.
  void submit(const MemoryRequest& request, Picoseconds now) override;
  [[nodiscard]] Picoseconds next_event() const override;
  [[nodiscard]] Picoseconds next_completion() const override;
  void advance(Picoseconds until, std::vector<MemoryCompletion>& completions) override;
  void observe_rows(const RowObserver& observer) override;
  [[nodiscard]] DramStatistics statistics() override;
  [[nodiscard]] double peak_gbps() const override;

  /// Gives up lockstep for good; nothing else changes. In lockstep only channel(0) acts.
  void follow_each_channel();
  [[nodiscard]] bool in_lockstep() const { return simulated_ == 1 && spec_.channels > 1; }
  [[nodiscard]] DramChannel& channel(int i) { return channels_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] int channels() const { return static_cast<int>(channels_.size()); }
  [[nodiscard]] const AddressMap& address_map() const { return map_; }

  static constexpr int kMaxPorts = 128;
  static constexpr int kLinesPerClock = 8;
  static constexpr int kLinesPerRun = 8;
  static constexpr int kTurnsInARow = 8;
  static constexpr std::uint32_t kMinRunBytes = 2048;
  /// Rounding transactions to stripes adds at most a line to so many.
  static constexpr std::uint64_t kLinesPerAdded = 50;

 private:
  /// A bit per port.
  __extension__ using PortSet = unsigned __int128;
  static constexpr std::int32_t kNoRead = std::numeric_limits<std::int32_t>::max();
  /// A run on its way to the queue of its channel.
  struct Piece {
    DramRun run;
    std::uint32_t channel = 0;
    bool ends_turn = false;  ///< of its port
    [[nodiscard]] bool continued_by(const LinePlace& next, int longest) const {
      return next.row == run.row && next.bank == run.bank && next.channel == channel &&
             run.lines < longest;
    }
  };
  struct Transaction {
    MemoryRequest request;
    std::uint64_t first = 0;  ///< line of the memory
    std::uint32_t lines = 0;
    std::int32_t lines_left = 0;  ///< to be read
    bool striped = false;         ///< whole stripes
    Clock accepted = 0;
    Clock data_end = 0;
  };
  struct Port {
    PortSet bit = 0;                    ///< of this port
    std::deque<std::uint32_t> waiting;  ///< transactions
    std::uint32_t slot = 0;             ///< the first of them, as are the direction and the pieces
    bool write = false;
    bool begun = false;         ///< a piece has entered a queue
    bool deals_runs = false;    ///< of more than a line
    std::vector<Piece> pieces;  ///< room for them: those from `next` to `end` are waiting
    const Piece *next = nullptr, *end = nullptr;
    std::int32_t fewest_lines = 0;   ///< no transaction that waits has fewer, but for the first
    std::uint64_t next_address = 0;  ///< where a sequential stream goes on
  };

  /// Of the next command or admission.
  [[nodiscard]] Clock next_clock() const {
    Clock next = admit_at_;
    for (std::size_t i = 0; i < simulated_; ++i) {
      next = std::min(next, channels_[i].next_command());
    }
    return next;
  }
  /// The same, or a resting channel closes its rows.
  [[nodiscard]] Clock next_row_event() const {
    Clock next = next_clock();
    for (const DramChannel& channel : channels_) next = std::min(next, channel.next_closing());
    return next;
  }
  [[nodiscard]] Clock next_admission() const;
  [[nodiscard]] Clock turns_left(std::size_t port) const;
  [[nodiscard]] Clock earliest_read_end(Clock next) const;
  [[nodiscard]] Clock earliest_write_end(Clock next) const;
  void run_channel(std::size_t i, Clock until, std::vector<MemoryCompletion>& completions);
  void run_full_channels(Clock until, std::vector<MemoryCompletion>& completions);
  void run_channels(Clock until, std::vector<MemoryCompletion>& completions);
  void advance_in_lockstep(Clock until, std::vector<MemoryCompletion>& completions);
  bool refill(const DramServed& served, Clock now);
  void serve(const DramServed& served, std::vector<MemoryCompletion>& completions);
  void admit(Clock now, std::vector<MemoryCompletion>& completions);
  /// Whose turn it is among `ports`.
  [[nodiscard]] std::size_t next_port(PortSet ports) const {
    const PortSet first = ports & from_turn_;
    return first_bit(first != 0 ? first : ports);
  }
  void hold_up(std::size_t index, std::size_t channel) {
    const Port& port = ports_[index];
    held_up_at_[index] = static_cast<std::uint32_t>(channel);
    ready_ &= ~port.bit;
    held_up_ |= port.bit;
    held_up_by_[channel][port.write] |= port.bit;
  }
  /// The queue of that channel and direction has room again.
  void release(std::size_t channel, bool write) {
    PortSet& released = held_up_by_[channel][write];
    ready_ |= released;
    held_up_ &= ~released;
    released = 0;
  }
  /// Several turns of a port follow each other, so that equal streams do not fill the queues line
  /// by line in step: they would stay in the same channels for good where a row is a channel's.
  void end_turn(std::size_t index) {
    if (index != last_turn_) {
      last_turn_ = index;
      turns_left_of_row_ = kTurnsInARow;
      from_turn_ = -ports_[index].bit;
    }
    if (--turns_left_of_row_ > 0) return;
    last_turn_ = kMaxPorts;
    from_turn_ = -(ports_[index].bit << 1);
  }
  void take_turn(std::size_t port, Clock now, std::vector<MemoryCompletion>& completions);
  void next_transaction(std::size_t port, Clock now, std::vector<MemoryCompletion>& completions);
  void place(Transaction& transaction);
  void split(Port& port);
  [[nodiscard]] int stands_for() const { return simulated_ == 1 ? spec_.channels : 1; }
  void part();
  void join(Clock now);
  [[nodiscard]] bool serve_as_runs(const MemoryRequest& request, const Port& port) const;
  void finish(std::uint32_t transaction, Clock at, std::vector<MemoryCompletion>& completions);
  [[nodiscard]] Picoseconds to_ps(Clock clock) const;
  static std::size_t first_bit(PortSet set) {
    const auto low = static_cast<std::uint64_t>(set);
    const auto high = static_cast<std::uint64_t>(set >> 64);
    return static_cast<std::size_t>(low != 0 ? __builtin_ctzll(low) : 64 + __builtin_ctzll(high));
  }
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }

  DramSpec spec_;
  double tck_ps_;
  AddressMap map_;
  BurstService service_;
  bool rounding_, lockstep_allowed_;
  std::size_t simulated_ = 1;  ///< of the channels: all, or in lockstep the first
  std::uint64_t lines_asked_ = 0, lines_added_ = 0;
  std::vector<DramChannel> channels_;
  std::vector<Transaction> transactions_;
  /// Of each transaction whose lines are all in the queues the lines left; otherwise kNoRead.
  std::vector<std::int32_t> queued_reads_;
  std::vector<std::uint32_t> free_;
  std::vector<Port> ports_;
  /// Transactions under way, by port and direction; the sum of all.
  std::vector<std::array<int, 2>> under_way_;
  int all_under_way_ = 0;
  PortSet reading_ = 0, writing_ = 0;  ///< bit per port with a read, a write under way
  PortSet ready_ = 0;                  ///< bit per port that waits for nothing but its turn
  PortSet held_up_ = 0;                ///< bit per port that waits for room in a queue
  std::array<std::uint32_t, kMaxPorts> held_up_at_{};  ///< the channel of that queue
  /// The same per channel, reads and writes.
  std::vector<std::array<PortSet, 2>> held_up_by_;
  PortSet from_turn_ = ~PortSet{0};    ///< the ports from the one served next on
  std::size_t last_turn_ = kMaxPorts;  ///< the port that may have further turns, none after its 8
  int turns_left_of_row_ = 0;          ///< of that port
  std::size_t waiting_ = 0;            ///< transactions not entirely in the queues
  std::size_t partial_waiting_ = 0;    ///< those behind their port's first that are not striped
  Clock now_ = 0;
  Clock admit_at_ = kNever;  ///< next clock at which the front end may act by itself
  Clock admitted_at_ = -1;
  int admitted_ = 0;  ///< lines in clock admitted_at_
  bool rows_observed_ = false;
  DramStatistics settled_;  ///< up to the last time the channels went into lockstep
  std::size_t banks_per_channel_;
  std::vector<std::size_t> last_piece_;  ///< per channel and bank, while splitting
};

inline void DramMemory::serve(const DramServed& s, std::vector<MemoryCompletion>& completions) {
  Transaction& t = transactions_[s.owner];
  t.data_end = std::max(t.data_end, s.data_end);
  t.lines_left -= s.lines * stands_for();
  if (queued_reads_[s.owner] != kNoRead) queued_reads_[s.owner] = t.lines_left;
  if (t.lines_left == 0) finish(s.owner, t.data_end, completions);
}

}  // namespace h2
