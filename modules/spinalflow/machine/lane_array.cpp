// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/machine/lane_array.h"

#include <cmath>

namespace h2 {
namespace {

/// Sums on their way to memory, a row per tick (assumed).
constexpr int kSumStores = 4;

}  // namespace

void LaneFifos::begin(int depth) {
  depth_ = depth;
  held_.fill(0);
  full_.reset();
  ticks_.clear();
}

void LaneFifos::push(const FiredToken& token) {
  for (int lane = 0; lane < SpinalLanes::kMost; ++lane) {
    if (token.lanes[lane] && ++held_[lane] == depth_) full_[lane] = true;
  }
  ticks_.push_back(token);
  pushed_.notify();
}

void LaneFifos::pop_lane(int lane) {
  --held_[lane];
  full_[lane] = false;
  popped_.notify();
}

LaneArray::LaneArray(sc_core::sc_module_name name, SpineLink& link, const Parts& parts)
    : SpineStage(name, link), parts_(parts) {}

void LaneArray::begin() {
  sum_stores_ = 0;
  end_ = sc_core::SC_ZERO_TIME;
}

void LaneArray::work() {
  for (const SpinePass& pass : plan().passes()) {
    for (int v = 0; v < plan().visits(); ++v) visit(pass, v);
    parts_.filter.release();
  }
  link_.on_state(false);
  end_ = sc_core::sc_time_stamp();
}

void LaneArray::visit(const SpinePass& pass, int v) {
  const int ticks = plan().job().shape.input.ticks;
  lanes_.begin(plan().job().neuron, pass.lanes, !pass.last_part);
  begin_tick(pass);
  for (RowToken row = next_row(); row.weights != nullptr; row = next_row()) {
    while (lanes_.tick() < row.tick) end_tick(pass, v);
    lanes_.add(row.weights);
    link_.on_state(true);
    waits_for_ = "its clock";
    cycle();
    ++link_.compute_cycles;
    link_.events[kAdds] += pass.lanes;
    link_.events[kGlbReadBytes] += plan().job().unit.lanes;
  }
  while (lanes_.tick() < ticks) end_tick(pass, v);
  if (pass.last_part) parts_.out.push({ticks, {}});
  on_visit();
}

RowToken LaneArray::next_row() {
  while (parts_.rows.empty()) {
    waits_for_ = "a row of weights";
    // The cause may change while the array waits.
    stall(cause(), parts_.rows.pushed() | parts_.filter.changed() | parts_.min_find.changed());
  }
  return parts_.rows.pop();
}

SpinalEvent LaneArray::cause() const {
  if (!parts_.filter.ready()) return kWeightStall;
  return parts_.min_find.starved() ? kSpineStall : kMergeStall;
}

template <class Event>
void LaneArray::stall(SpinalEvent cause, const Event& event) {
  link_.on_state(false);
  const sc_core::sc_time since = sc_core::sc_time_stamp();
  wait(event);
  link_.events[cause] +=
      static_cast<std::uint64_t>(std::llround((sc_core::sc_time_stamp() - since) / link_.period));
}

/// Of a part behind the first: a cycle for the sums of the parts before.
void LaneArray::begin_tick(const SpinePass& pass) {
  if (pass.part == 0 || lanes_.tick() == plan().job().shape.input.ticks) return;
  const SumRow* row = nullptr;
  waits_for_ = "sums of earlier parts";
  using Head = StreamBuffers<SumRow>::Head;
  for (Head head = Head::ended; head != Head::entry;) {
    head = parts_.sums_in.look(0, row);
    // A list that has ended makes way for the next one, which may have arrived before.
    if (head == Head::waiting) stall(kSumStall, parts_.sums_in.filled());
  }
  lanes_.add_sums(row->data());
  parts_.sums_in.pop(0);
  link_.on_state(false);
  cycle();
  ++link_.events[kSumStall];
}

void LaneArray::end_tick(const SpinePass& pass, int v) {
  link_.events[kTickEnds] += pass.lanes;
  if (!pass.last_part) {
    keep_sums(v);
  } else {
    const int tick = lanes_.tick();
    const SpinalLanes::Fired fired = lanes_.end_tick();
    waits_for_ = "room behind the lanes";
    while (!parts_.out.room(fired)) stall(kSorterStall, parts_.out.popped());
    parts_.out.push({tick, fired});
  }
  begin_tick(pass);
}

void LaneArray::keep_sums(int v) {
  waits_for_ = "stores of sums";
  while (sum_stores_ == kSumStores) stall(kSumStall, sum_stored_);
  const std::uint64_t address =
      plan().job().sum_row(plan().sample(v), plan().position(v), lanes_.tick());
  SumRow row{};
  lanes_.take_sums(row.data());
  ++sum_stores_;
  parts_.dma.store(TensorKind::potential, address,
                   reinterpret_cast<const std::uint8_t*>(row.data()), sizeof row, [this] {
                     --sum_stores_;
                     sum_stored_.notify();
                   });
}

}  // namespace h2
