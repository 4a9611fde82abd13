// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/spinalflow/machine/lane_array.h"
#include "modules/spinalflow/machine/spine_dma.h"
#include "modules/spinalflow/machine/spine_stage.h"

namespace h2 {

/// Takes the spikes behind the lanes in the order of ticks and channels, one per cycle, and makes
/// the lists of a tile. With the last of several tiles it merges the lists of those before, which
/// it reads from memory. Two halves of 512 spikes wait for memory.
class OutputSorter : public SpineStage {
 public:
  OutputSorter(sc_core::sc_module_name name, SpineLink& link, LaneFifos& in,
               SpineDma::TileStreams& tiles, SpineDma& dma);

  void begin();
  /// All lists of the job are on their way to memory.
  bool done() const { return done_; }
  const sc_core::sc_event& finished() const { return finished_; }

 private:
  void work() override;
  void visit(const SpinePass& pass, int visit);
  /// Emits the spikes of earlier tiles up to tick `tick`, this one included.
  void take_earlier(const SpinePass& pass, int tick);
  /// Index of the earlier tile whose head is first, -1: none is left.
  int find_earlier(const SpinePass& pass, SpineEvent& event);
  void emit(const SpineEvent& event);
  void end_list(const SpinePass& pass, int visit);
  void send();
  void send_places(const SpinePass& pass, int sample);
  void send_bytes(std::uint64_t address, const std::vector<std::uint8_t>& bytes);
  SpineTensor tensor(const SpinePass& pass) const;

  LaneFifos& in_;
  SpineDma::TileStreams& tiles_;
  SpineDma& dma_;
  std::vector<char> ended_;              // by earlier tile
  std::vector<std::uint8_t> half_;       // entries, as they lie in memory
  std::uint64_t address_ = 0;            // of the half's first entry
  std::uint64_t first_ = 0, count_ = 0;  // of the list under way
  std::vector<sf_list> places_;          // of the sample's lists
  int halves_ = 0;                       // on their way
  bool done_ = false;
  sc_core::sc_event stored_, finished_;
};

}  // namespace h2
