// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>

#include "modules/spinalflow/machine/filter_buffer.h"
#include "modules/spinalflow/machine/min_find_unit.h"
#include "modules/spinalflow/machine/spine_dma.h"
#include "modules/spinalflow/machine/spine_stage.h"
#include "modules/spinalflow/machine/stream_buffers.h"
#include "modules/spinalflow/spinal_events.h"

namespace h2 {

/// Spikes that wait behind the lanes for the sorter: up to `lane_fifo` per lane.
class LaneFifos {
 public:
  void begin(int depth);
  bool room(const SpinalLanes::Fired& fired) const { return (fired & full_).none(); }
  void push(const FiredToken& token);
  bool empty() const { return ticks_.empty(); }
  const FiredToken& front() const { return ticks_.front(); }
  void pop_tick() { ticks_.pop_front(); }
  /// The sorter has taken the spike of a lane.
  void pop_lane(int lane);
  const sc_core::sc_event& pushed() const { return pushed_; }
  const sc_core::sc_event& popped() const { return popped_; }

 private:
  int depth_ = 0;
  std::array<int, SpinalLanes::kMost> held_{};
  SpinalLanes::Fired full_;
  std::deque<FiredToken> ticks_;
  sc_core::sc_event pushed_, popped_;
};

/// 128 processing elements, an output channel each: adds one row of weights per cycle, compares
/// with the threshold, hands the lanes that fired over at the end of each tick. Knows what it waits
/// for: every cycle of a job up to its last row is a row or a stall with a cause.
class LaneArray : public SpineStage {
 public:
  struct Parts {
    FilterBuffer& filter;
    MinFindUnit& min_find;
    BoundedFifo<RowToken>& rows;
    StreamBuffers<SumRow>& sums_in;
    SpineDma& dma;
    LaneFifos& out;
  };
  LaneArray(sc_core::sc_module_name name, SpineLink& link, const Parts& parts);

  /// Called when a position is done.
  std::function<void()> on_visit;
  const sc_core::sc_time& end() const { return end_; }
  void begin();

 private:
  void work() override;
  void visit(const SpinePass& pass, int visit);
  RowToken next_row();
  void begin_tick(const SpinePass& pass);
  void end_tick(const SpinePass& pass, int visit);
  void keep_sums(int visit);
  SpinalEvent cause() const;
  /// Waits for `event`; the time counts as `stall`.
  template <class Event>
  void stall(SpinalEvent cause, const Event& event);

  Parts parts_;
  SpinalLanes lanes_;
  int sum_stores_ = 0;  // under way
  sc_core::sc_event sum_stored_;
  sc_core::sc_time end_;
};

}  // namespace h2
