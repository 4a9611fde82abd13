// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/machine/output_sorter.h"

#include <cstring>

#include "modules/spinalflow/min_find.h"

namespace h2 {

OutputSorter::OutputSorter(sc_core::sc_module_name name, SpineLink& link, LaneFifos& in,
                           SpineDma::TileStreams& tiles, SpineDma& dma)
    : SpineStage(name, link), in_(in), tiles_(tiles), dma_(dma) {}

void OutputSorter::begin() {
  half_.clear();
  places_.clear();
  halves_ = 0;
  done_ = false;
}

SpineTensor OutputSorter::tensor(const SpinePass& pass) const {
  return pass.last_tile ? plan().job().output_tensor() : plan().job().tile_tensor(pass.tile);
}

void OutputSorter::work() {
  int number = 0;
  for (const SpinePass& pass : plan().passes()) {
    ++number;
    if (pass.last_part) {
      for (int v = 0; v < plan().visits(); ++v) visit(pass, v);
    }
    dma_.sorted(number);
  }
  done_ = true;
  finished_.notify();
}

void OutputSorter::visit(const SpinePass& pass, int v) {
  const SpineJob& job = plan().job();
  const std::uint64_t channels = pass.last_tile ? job.shape.cout : job.unit.lanes;
  first_ = static_cast<std::uint64_t>(v) * channels * job.shape.input.ticks;
  count_ = 0;
  address_ = tensor(pass).entries(first_);
  ended_.assign(pass.last_tile ? pass.tile : 0, 0);
  const SpineShape output = job.shape.output();
  for (;;) {
    waits_for_ = "the lanes";
    while (in_.empty()) wait(in_.pushed());
    const FiredToken token = in_.front();
    in_.pop_tick();
    take_earlier(pass, token.tick);
    if (token.tick == job.shape.input.ticks) break;
    for (int lane = 0; lane < pass.lanes && token.lanes.any(); ++lane) {
      if (!token.lanes[lane]) continue;
      const int channel = pass.tile * job.unit.lanes + lane;
      emit({output.neuron(plan().position(v), channel), static_cast<std::uint8_t>(token.tick)});
      in_.pop_lane(lane);
    }
  }
  end_list(pass, v);
}

void OutputSorter::take_earlier(const SpinePass& pass, int tick) {
  if (ended_.empty()) return;
  SpineEvent event;
  for (int tile = find_earlier(pass, event); tile >= 0 && event.tick <= tick;
       tile = find_earlier(pass, event)) {
    tiles_.pop(tile);
    emit(event);
  }
}

int OutputSorter::find_earlier(const SpinePass& pass, SpineEvent& event) {
  using Head = SpineDma::TileStreams::Head;
  waits_for_ = "lists of earlier tiles";
  for (int tile = 0; tile < pass.tile; ++tile) {
    const SpineEvent* head = nullptr;
    while (ended_[tile] == 0) {
      const Head found = tiles_.look(tile, head);
      if (found == Head::ended) ended_[tile] = 1;
      if (found != Head::waiting) break;
      wait(tiles_.filled());
    }
  }
  const int first = min_find(pass.tile, [&](int tile) {
    const SpineEvent* head = nullptr;
    if (ended_[tile] == 0) tiles_.look(tile, head);
    return head;
  });
  if (first < 0) return -1;
  const SpineEvent* head = nullptr;
  tiles_.look(first, head);
  event = *head;
  return first;
}

void OutputSorter::emit(const SpineEvent& event) {
  waits_for_ = "its clock";
  cycle();
  ++link_.events[kSorted];
  half_.resize(half_.size() + kSpineEntryBytes);
  put_spine_entry(event, half_.data() + half_.size() - kSpineEntryBytes);
  ++count_;
  const auto room = static_cast<std::size_t>(plan().job().unit.output_entries);
  if (half_.size() == room * kSpineEntryBytes) send();
}

void OutputSorter::send() {
  send_bytes(address_, half_);
  address_ += half_.size();
  half_.clear();
}

void OutputSorter::send_bytes(std::uint64_t address, const std::vector<std::uint8_t>& bytes) {
  waits_for_ = "room in the output buffer";
  while (halves_ == 2) wait(stored_);
  ++halves_;
  dma_.store(TensorKind::spike, address, bytes.data(), bytes.size(), [this] {
    --halves_;
    stored_.notify();
  });
}

void OutputSorter::end_list(const SpinePass& pass, int v) {
  if (!half_.empty()) send();
  places_.push_back({static_cast<std::uint32_t>(first_), static_cast<std::uint32_t>(count_)});
  if (pass.last_tile) link_.events[kSpikes] += count_;
  if (plan().position(v) + 1 == plan().job().positions()) send_places(pass, plan().sample(v));
}

void OutputSorter::send_places(const SpinePass& pass, int sample) {
  std::vector<std::uint8_t> bytes(places_.size() * sizeof(sf_list));
  std::memcpy(bytes.data(), places_.data(), bytes.size());
  send_bytes(tensor(pass).table(sample), bytes);
  places_.clear();
}

}  // namespace h2
