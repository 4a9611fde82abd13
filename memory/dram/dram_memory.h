#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "memory/dram/address_map.h"
#include "memory/dram/channel.h"
#include "memory/dram/memory_timing.h"

namespace h2 {

/// The channels of one MemN behind a front end that deals the lines of the ports' transactions to
/// the channel queues: ports in turn, each in order and held up by its first line that finds a
/// full queue, at most 8 lines per DRAM clock.
class DramMemory final : public MemoryTiming {
 public:
  /// Throws InputError on an invalid specification.
  DramMemory(const DramSpec& spec, std::uint64_t capacity_bytes, BurstService service);

  /// Throws InputError when the port is not below kMaxPorts.
  void submit(const MemoryRequest& request, Picoseconds now) override;
  [[nodiscard]] Picoseconds next_event() const override;
  [[nodiscard]] Picoseconds next_completion() const override;
  void advance(Picoseconds until, std::vector<MemoryCompletion>& completions) override;
  [[nodiscard]] DramStatistics statistics() override;
  [[nodiscard]] double peak_gbps() const override;

  [[nodiscard]] DramChannel& channel(int i) { return channels_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] int channels() const { return static_cast<int>(channels_.size()); }
  [[nodiscard]] const AddressMap& address_map() const { return map_; }

  static constexpr int kMaxPorts = 64;
  static constexpr int kLinesPerClock = 8;
  static constexpr int kLinesPerRun = 8;
  static constexpr std::uint32_t kMinRunBytes = 2048;

 private:
  /// A run on its way to the queue of its channel.
  struct Piece {
    int channel = 0;
    DramRun run;
  };
  struct Transaction {
    MemoryRequest request;
    std::uint32_t lines_left = 0;  ///< not yet read
    bool under_way = false;
    bool started = false;
    Clock accepted = 0;
    Clock data_end = 0;
  };
  struct Port {
    std::deque<std::uint32_t> waiting;  ///< transactions; the pieces belong to the first
    std::vector<Piece> pieces;
    std::size_t next_piece = 0;
    std::uint64_t next_address = 0;  ///< where a sequential stream goes on
  };

  void find_next_clock();
  void step(Clock now, std::vector<MemoryCompletion>& completions);
  void serve(const DramServed& served, std::vector<MemoryCompletion>& completions);
  void admit(Clock now, std::vector<MemoryCompletion>& completions);
  [[nodiscard]] std::size_t next_ready_port() const;
  [[nodiscard]] bool admit_piece(std::size_t index, Clock now,
                                 std::vector<MemoryCompletion>& completions);
  void split(std::uint32_t transaction, Port& port);
  [[nodiscard]] bool serve_as_runs(const MemoryRequest& request, const Port& port) const;
  void finish(std::uint32_t transaction, Clock at, std::vector<MemoryCompletion>& completions);
  [[nodiscard]] Picoseconds to_ps(Clock clock) const;

  DramSpec spec_;
  double tck_ps_;
  AddressMap map_;
  BurstService service_;
  std::vector<DramChannel> channels_;
  std::vector<Transaction> transactions_;
  std::vector<std::uint32_t> free_;
  std::vector<Port> ports_;
  /// Transactions under way, by port and direction; the sum of all.
  std::vector<std::array<int, 2>> under_way_;
  int all_under_way_ = 0;
  std::uint64_t ready_ = 0;  ///< bit per port that waits for nothing but its turn
  /// Per channel, reads and writes: bit per port held up by the full queue.
  std::vector<std::array<std::uint64_t, 2>> held_up_;
  std::size_t turn_ = 0;     ///< port served next
  std::size_t waiting_ = 0;  ///< transactions not entirely in the queues
  Clock now_ = 0;
  Clock next_clock_ = kNever;  ///< next clock at which a channel or the front end acts
  Clock admit_at_ = kNever;    ///< next clock at which the front end may act by itself
  Clock admitted_at_ = -1;
  int admitted_ = 0;  ///< lines in clock admitted_at_
  std::vector<DramServed> served_;
  std::vector<std::int32_t> open_piece_;  ///< per channel and bank, while splitting
};

}  // namespace h2
