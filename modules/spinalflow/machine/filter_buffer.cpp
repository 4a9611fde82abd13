// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/machine/filter_buffer.h"

#include <utility>

#include "modules/spinalflow/spinal_events.h"

namespace h2 {

FilterBuffer::FilterBuffer(sc_core::sc_module_name name, SpineLink& link, Glb& memory,
                           BoundedFifo<SpineToken>& in, BoundedFifo<RowToken>& out)
    : SpineStage(name, link), memory_(memory), in_(in), out_(out) {}

void FilterBuffer::loaded(int pass, std::shared_ptr<Glb::Bytes> rows) {
  rows_ = std::move(rows);
  loaded_ = pass + 1;
  changed_.notify();
}

void FilterBuffer::release() {
  memory_.give(Glb::operands, memory_.held());
  ++used_;
  changed_.notify();
}

void FilterBuffer::work() {
  int number = 0;
  for (const SpinePass& pass : plan().passes()) {
    waits_for_ = "weights";
    while (loaded_ <= number) wait(changed_);
    for (int v = 0; v < plan().visits(); ++v) visit(pass, v);
    ++number;
  }
}

void FilterBuffer::visit(const SpinePass& pass, int v) {
  const SpinalLayer& shape = plan().job().shape;
  const std::vector<FieldSpine>& field = plan().field(pass, v);
  for (;;) {
    waits_for_ = "a spike";
    while (in_.empty()) wait(in_.pushed());
    const SpineToken token = in_.pop();
    if (token.list < 0) break;
    const int channel = static_cast<int>(shape.input.channel_of(token.event.neuron));
    for (const int offset : field[token.list].offsets) {
      const int row = offset * shape.input.channels + channel;
      if (!pass.rows.holds(row)) continue;
      waits_for_ = "the lanes";
      cycle();
      ++link_.events[kRowReads];
      while (out_.full()) wait(out_.popped());
      const int at = (row - pass.rows.first) * plan().job().unit.lanes;
      out_.push({reinterpret_cast<const std::int8_t*>(rows_->data()) + at, token.event.tick});
    }
  }
  out_.push_mark({nullptr, 0});
}

}  // namespace h2
