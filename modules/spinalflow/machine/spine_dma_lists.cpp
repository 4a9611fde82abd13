// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <utility>

#include "modules/spinalflow/machine/spine_dma.h"
#include "modules/spinalflow/spinal_events.h"

// What the DMA loads for a pass: weights, places of lists, lists, sums.

namespace h2 {
namespace {

/// Rows of sums in one half of their buffer (assumed).
constexpr std::uint64_t kSumRows = 4;
constexpr std::uint64_t kSumRowBytes = SpinalLanes::kMost * sizeof(std::int32_t);

std::uint32_t spine_error(SpineFault fault) {
  switch (fault) {
    case SpineFault::order:
      return SF_ERR_ORDER;
    case SpineFault::length:
      return SF_ERR_LENGTH;
    case SpineFault::tick:
      return SF_ERR_TICK;
    default:
      return SF_ERR_NEURON;
  }
}

}  // namespace

void SpineDma::load_weights(int number) {
  const SpineJob& job = plan().job();
  Transfer t;
  t.kind = TensorKind::weight;
  t.address = job.weights +
              (static_cast<std::uint64_t>(pass().tile) * job.shape.rows() + pass().rows.first) *
                  job.unit.lanes;
  t.bytes = static_cast<std::uint64_t>(pass().rows.count) * job.unit.lanes;
  filter_memory_.take(Glb::operands, t.bytes);
  issue(t, [this, number, bytes = t.bytes](const std::uint8_t* data) {
    const std::shared_ptr<Glb::Bytes> slot = filter_memory_.memory(Glb::operands, 0);
    ports_.fill_filter(data, bytes);
    link_.events[kGlbWriteBytes] += bytes;
    filter_.loaded(number, slot);
  });
}

bool SpineDma::load_places(Places& places, int earliest) {
  const SpineJob& job = plan().job();
  if (earliest == plan().visits() || places.asked == job.samples) return false;
  if (plan().sample(earliest) + 1 < places.asked) return false;
  const int sample = places.asked++;
  const bool input = &places == &inputs_;
  const int tables = input ? 1 : pass().tile;
  places.tables[sample % 2].assign(tables, {});
  for (int n = 0; n < tables; ++n) {
    load_table(places, n, input ? job.input_tensor() : job.tile_tensor(n), sample);
  }
  return true;
}

void SpineDma::load_table(Places& places, int table, const SpineTensor& tensor, int sample) {
  const bool input = &places == &inputs_;
  Transfer t;
  t.kind = input && plan().job().layer == 0 ? TensorKind::input : TensorKind::spike;
  t.address = tensor.table(sample);
  t.bytes = tensor.table_bytes();
  link_.events[kListBytes] += t.bytes;
  issue(t, [this, &places, input, table, sample, count = tensor.positions](const auto* data) {
    std::vector<sf_list>& lists = places.tables[sample % 2][table];
    lists.resize(count);
    std::memcpy(lists.data(), data, count * sizeof(sf_list));
    const std::uint64_t most = plan().job().shape.input.most();
    const auto too_long = [most](const sf_list& list) { return list.count > most; };
    if (input && std::any_of(lists.begin(), lists.end(), too_long)) {
      return link_.fail(SF_ERR_LENGTH);
    }
    if (table + 1 == static_cast<int>(places.tables[sample % 2].size())) ++places.ready;
    places_change_.notify();
  });
}

bool SpineDma::results_ready() {
  const int number = static_cast<int>(&pass() - plan().passes().data());
  results_ready_ = results_ready_ || (sorted_ >= number && departures_.empty());
  return results_ready_;
}

std::vector<SpineDma::Cursor> SpineDma::cursors() const {
  std::vector<Cursor> all;
  std::size_t most = 0;
  for (int v = 0; v < plan().job().positions(); ++v) {
    most = std::max(most, plan().field(pass(), v).size());
  }
  for (std::size_t i = 0; i < most; ++i) all.push_back({Stream::spine, static_cast<int>(i), 0, 0});
  if (pass().last_part && pass().last_tile) {
    for (int i = 0; i < pass().tile; ++i) all.push_back({Stream::tile, i, 0, 0});
  }
  if (pass().part > 0) all.push_back({Stream::sum, 0, 0, 0});
  return all;
}

void SpineDma::load_lists() {
  std::vector<Cursor> all = cursors();
  checks_.assign(all.size(), {});
  const int end = plan().visits();
  for (;;) {
    Cursor* next = nullptr;
    int earliest[2] = {end, end};  // of the input, of earlier passes
    for (Cursor& cursor : all) {
      const bool settled = settle(cursor);
      int& first = earliest[cursor.kind == Stream::tile ? 1 : 0];
      first = std::min(first, cursor.visit);
      if (!settled || !room(cursor)) continue;
      if (next == nullptr || cursor.visit < next->visit) next = &cursor;
    }
    if (earliest[0] == end && earliest[1] == end) return;
    if (load_places(inputs_, earliest[0])) continue;
    if (results_ready() && load_places(earlier_, earliest[1])) continue;
    if (next != nullptr) {
      load_piece(*next);
      continue;
    }
    waits_for_ = "a free half of a buffer";
    wait(spines_.freed() | tiles_.freed() | sums_.freed() | places_change_ | sorted_change_ |
         stored_);
  }
}

bool SpineDma::has_list(const Cursor& cursor) const {
  return cursor.kind != Stream::spine ||
         cursor.index < static_cast<int>(plan().field(pass(), cursor.visit).size());
}

bool SpineDma::settle(Cursor& cursor) {
  while (cursor.visit < plan().visits()) {
    if (!has_list(cursor)) {
      ++cursor.visit;
      continue;
    }
    const Places& places = cursor.kind == Stream::tile ? earlier_ : inputs_;
    if (plan().sample(cursor.visit) >= places.ready) return false;
    if (cursor.kind == Stream::sum && !results_ready()) return false;
    if (entries_of(cursor) > 0) return true;
    (cursor.kind == Stream::spine ? spines_ : tiles_).add_empty(cursor.index);
    ++cursor.visit;
  }
  return false;
}

bool SpineDma::room(const Cursor& cursor) const {
  if (cursor.kind == Stream::sum) return sums_.room(cursor.index);
  return (cursor.kind == Stream::spine ? spines_ : tiles_).room(cursor.index);
}

sf_list SpineDma::place(const Cursor& cursor) const {
  const int half = plan().sample(cursor.visit) % 2;
  if (cursor.kind == Stream::tile) {
    return earlier_.tables[half][cursor.index][plan().position(cursor.visit)];
  }
  return inputs_.tables[half][0][plan().field(pass(), cursor.visit)[cursor.index].position];
}

std::uint64_t SpineDma::entries_of(const Cursor& cursor) const {
  if (cursor.kind == Stream::sum) return plan().job().shape.input.ticks;
  return place(cursor).count;
}

std::uint64_t SpineDma::piece_entries(const Cursor& cursor) const {
  const SpinalUnit& unit = plan().job().unit;
  switch (cursor.kind) {
    case Stream::spine:
      return unit.buffer_entries / plan().most_groups(pass());
    case Stream::tile:
      return unit.buffer_entries;
    default:
      return kSumRows;
  }
}

void SpineDma::load_piece(Cursor& cursor) {
  const std::uint64_t left = entries_of(cursor) - cursor.done;
  const std::uint64_t count = std::min(left, piece_entries(cursor));
  const bool last = count == left;
  if (cursor.kind == Stream::sum) {
    load_sums(cursor, count, last);
  } else {
    load_entries(cursor, count, last);
  }
  cursor.done += count;
  if (!last) return;
  cursor.done = 0;
  ++cursor.visit;
}

void SpineDma::load_entries(Cursor& cursor, std::uint64_t count, bool last) {
  const SpineJob& job = plan().job();
  const bool tile = cursor.kind == Stream::tile;
  const SpineTensor tensor = tile ? job.tile_tensor(cursor.index) : job.input_tensor();
  StreamBuffers<SpineEvent>& buffers = tile ? tiles_ : spines_;
  auto& piece = buffers.reserve(cursor.index, last);
  Transfer t;
  t.kind = !tile && job.layer == 0 ? TensorKind::input : TensorKind::spike;
  t.address = tensor.entries(place(cursor).first + cursor.done);
  t.bytes = count * kSpineEntryBytes;
  link_.events[kListBytes] += t.bytes;
  issue(t, [this, &buffers, &piece, at = cursor, count](const std::uint8_t* data) {
    take_spikes(buffers, piece, at, count, data);
  });
}

void SpineDma::take_spikes(StreamBuffers<SpineEvent>& buffers,
                           StreamBuffers<SpineEvent>::Piece& piece, const Cursor& cursor,
                           std::uint64_t count, const std::uint8_t* bytes) {
  std::vector<SpineEvent> events;
  const bool own = cursor.kind == Stream::tile;  // written by the unit itself
  const FieldSpine* spine = own ? nullptr : &plan().field(pass(), cursor.visit)[cursor.index];
  if (!own && cursor.done == 0) {
    checks_[cursor.index].emplace(plan().job().shape.input, spine->position);
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    const SpineEvent event = get_spine_entry(bytes + i * kSpineEntryBytes);
    if (!own) {
      const SpineFault fault = checks_[cursor.index]->next(event);
      if (fault != SpineFault::none) return link_.fail(spine_error(fault));
      if (!wanted(*spine, event)) continue;
    }
    events.push_back(event);
  }
  buffers.arrive(piece, std::move(events));
}

/// Some row of the spike is in the part that the filter buffer holds.
bool SpineDma::wanted(const FieldSpine& spine, const SpineEvent& event) const {
  const SpineShape& input = plan().job().shape.input;
  const int channel = static_cast<int>(input.channel_of(event.neuron));
  return std::any_of(spine.offsets.begin(), spine.offsets.end(), [&](int offset) {
    return pass().rows.holds(offset * input.channels + channel);
  });
}

void SpineDma::load_sums(Cursor& cursor, std::uint64_t count, bool last) {
  auto& piece = sums_.reserve(cursor.index, last);
  Transfer t;
  t.kind = TensorKind::potential;
  t.address = plan().job().sum_row(plan().sample(cursor.visit), plan().position(cursor.visit),
                                   static_cast<int>(cursor.done));
  t.bytes = count * kSumRowBytes;
  issue(t, [this, &piece, count](const std::uint8_t* data) {
    std::vector<SumRow> rows(count);
    std::memcpy(rows.data(), data, count * kSumRowBytes);
    sums_.arrive(piece, std::move(rows));
  });
}

}  // namespace h2
