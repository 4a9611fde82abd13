// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <systemc>
#include <vector>

namespace h2 {

/// Double buffers that memory fills and a unit empties. Every stream has two halves, each of which
/// holds a piece of a list from the moment it is asked for until its last entry is taken.
template <class Entry>
class StreamBuffers {
 public:
  struct Piece {
    bool last = false;     ///< of its list
    bool half = false;     ///< occupies one
    bool arrived = false;  ///< its entries are there
    std::vector<Entry> entries;
    std::size_t next = 0;
  };
  enum class Head { waiting, entry, ended };

  void begin(int streams) {
    streams_.assign(streams, {});
    halves_.assign(streams, 0);
  }
  bool room(int stream) const { return halves_[stream] < 2; }
  /// A piece to come. It stays where it is until it is emptied.
  Piece& reserve(int stream, bool last) {
    ++halves_[stream];
    streams_[stream].push_back({last, true, false, {}, 0});
    return streams_[stream].back();
  }
  /// A list without entries: nothing to load.
  void add_empty(int stream) {
    streams_[stream].push_back({true, false, true, {}, 0});
    filled_.notify();
  }
  void arrive(Piece& piece, std::vector<Entry> entries) {
    piece.entries = std::move(entries);
    piece.arrived = true;
    filled_.notify();
  }
  /// The head of the stream's list; `ended` once per list, which then makes way for the next.
  Head look(int stream, const Entry*& entry) {
    auto& pieces = streams_[stream];
    while (!pieces.empty() && pieces.front().arrived) {
      Piece& piece = pieces.front();
      if (piece.next < piece.entries.size()) {
        entry = &piece.entries[piece.next];
        return Head::entry;
      }
      const bool last = piece.last;
      release(stream);
      if (last) return Head::ended;
    }
    return Head::waiting;
  }
  /// Takes the entry that look() has found.
  void pop(int stream) {
    Piece& piece = streams_[stream].front();
    ++piece.next;
    if (piece.next == piece.entries.size() && !piece.last) release(stream);
  }
  const sc_core::sc_event& filled() const { return filled_; }
  const sc_core::sc_event& freed() const { return freed_; }

 private:
  void release(int stream) {
    if (streams_[stream].front().half) {
      --halves_[stream];
      freed_.notify();
    }
    streams_[stream].pop_front();
  }

  std::vector<std::deque<Piece>> streams_;
  std::vector<int> halves_;
  sc_core::sc_event filled_, freed_;
};

}  // namespace h2
