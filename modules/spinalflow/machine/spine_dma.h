// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "memory/bus/memory_port.h"
#include "memory/glb.h"
#include "modules/spinalflow/machine/filter_buffer.h"
#include "modules/spinalflow/machine/spine_stage.h"
#include "modules/spinalflow/machine/stream_buffers.h"

namespace h2 {

/// Sums of one tick, a number per lane.
using SumRow = std::array<std::int32_t, SpinalLanes::kMost>;

/// All of the unit's memory traffic. Loads weights pass by pass, places of lists sample by sample,
/// and pieces of lists as halves of the buffers become free, the earliest visit first; several are
/// under way. Stores lists, their places and sums. What arrives takes a cycle per `dma_bytes`.
class SpineDma : public SpineStage {
 public:
  struct Ports {
    MemoryPort& load;
    MemoryPort& store;
    std::uint32_t dma_bytes = 160;  ///< per cycle, on arrival
    /// Writes to slot 0 of the filter memory through its socket.
    std::function<void(const std::uint8_t* bytes, std::size_t count)> fill_filter;
  };
  /// Lists of other tiles for the sorter.
  using TileStreams = StreamBuffers<SpineEvent>;

  SpineDma(sc_core::sc_module_name name, SpineLink& link, Ports ports, Glb& filter_memory,
           FilterBuffer& filter, StreamBuffers<SpineEvent>& spines, TileStreams& tiles,
           StreamBuffers<SumRow>& sums);
  void restart() override;
  /// A job begins.
  void begin();

  /// Writes `bytes` to `address`; `stored` is called at a clock edge when they are.
  void store(TensorKind kind, std::uint64_t address, const std::uint8_t* bytes, std::size_t count,
             std::function<void()> stored);
  const sc_core::sc_event& stored() const { return stored_; }
  /// The sorter is through with so many passes.
  void sorted(int passes);
  /// Responses are to come.
  bool under_way() const;
  /// Transactions under way, or about to be sent.
  bool busy() const { return !arrivals_.empty() || !departures_.empty(); }
  /// Charged bytes of the job so far.
  std::uint64_t bytes() const { return bytes_; }
  /// Time with a transaction under way.
  const sc_core::sc_time& active() const { return active_spent_; }

 private:
  enum class Stream { spine, tile, sum };
  /// Where a stream is: the next piece of the next list.
  struct Cursor {
    Stream kind = Stream::spine;
    int index = 0;  ///< of the stream in its buffers
    int visit = 0;
    std::uint64_t done = 0;  ///< entries of the list
  };
  struct Arrival {
    MemoryPort::Batch batch;
    bool issued = false;  ///< all of it
    std::function<void(const std::uint8_t* bytes)> deliver;
  };
  struct Departure {
    MemoryPort::Batch batch;
    std::function<void()> stored;
  };

  void work() override;
  void run_pass(int number);
  void load_weights(int number);
  /// Places of the lists of two samples, by table; `asked` and `ready`: samples of the pass.
  struct Places {
    std::array<std::vector<std::vector<sf_list>>, 2> tables;
    int asked = 0, ready = 0;
  };
  /// Asks for the places of the next sample, unless they would take the room of those that
  /// `earliest`, the first visit that needs any, still reads.
  bool load_places(Places& places, int earliest);
  void load_table(Places& places, int table, const SpineTensor& tensor, int sample);
  void load_lists();
  /// What the pass reads of earlier passes is in memory.
  bool results_ready();
  std::vector<Cursor> cursors() const;
  /// Skips visits in which the stream has no list; false: there is none left, or places to come.
  bool settle(Cursor& cursor);
  bool has_list(const Cursor& cursor) const;
  bool room(const Cursor& cursor) const;
  sf_list place(const Cursor& cursor) const;
  std::uint64_t entries_of(const Cursor& cursor) const;
  void load_piece(Cursor& cursor);
  void load_entries(Cursor& cursor, std::uint64_t count, bool last);
  void load_sums(Cursor& cursor, std::uint64_t count, bool last);
  void take_spikes(StreamBuffers<SpineEvent>& buffers, StreamBuffers<SpineEvent>::Piece& piece,
                   const Cursor& cursor, std::uint64_t count, const std::uint8_t* bytes);
  bool wanted(const FieldSpine& spine, const SpineEvent& event) const;
  std::uint64_t piece_entries(const Cursor& cursor) const;

  void issue(const Transfer& transfer, std::function<void(const std::uint8_t*)> deliver);
  void arrive_process();
  void store_process();
  void edge();
  void transfers(int change);
  const SpinePass& pass() const { return plan().passes()[pass_]; }

  const Ports ports_;
  Glb& filter_memory_;
  FilterBuffer& filter_;
  StreamBuffers<SpineEvent>& spines_;
  TileStreams& tiles_;
  StreamBuffers<SumRow>& sums_;

  int pass_ = 0, sorted_ = 0;
  bool results_ready_ = false;
  Places inputs_, earlier_;  // of the input, and of the lists of the tiles before
  std::vector<std::optional<SpineCheck>> checks_;  // by spine stream: one list under way
  std::deque<Arrival> arrivals_;
  std::deque<Departure> departures_;
  std::uint64_t bytes_ = 0;
  int active_ = 0;
  sc_core::sc_time active_since_, active_spent_;
  sc_core::sc_event issued_, leaving_, stored_, sorted_change_, places_change_;
  sc_core::sc_process_handle arrive_, store_;
};

}  // namespace h2
