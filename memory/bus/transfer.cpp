// SPDX-License-Identifier: Apache-2.0
#include "memory/bus/transfer.h"

namespace h2 {

const char* name_of(TensorKind kind) {
  static const char* const names[] = {
      "control",  "input",         "spike",  "potential",       "mask",
      "gradient", "gradient_mask", "weight", "weight_gradient", "master"};
  return names[static_cast<int>(kind)];
}

void TransferList::append(Transfer transfer) {
  if (transfer.bytes == 0) return;
  if (!transfer.timing_only) {
    transfer.offset = buffer_->size();
    buffer_->resize(buffer_->size() + transfer.bytes);
  }
  if (!transfers_.empty()) {
    Transfer& last = transfers_.back();
    if (last.write == transfer.write && last.timing_only == transfer.timing_only &&
        last.repeated == transfer.repeated && last.kind == transfer.kind &&
        last.address + last.bytes == transfer.address) {
      last.bytes += transfer.bytes;
      return;
    }
  }
  transfers_.push_back(transfer);
}

void TransferList::read(const Transfer& transfer, UnitSink* sink, int unit) {
  // A packed unit may have no bytes; the sink has to know that its values are zeros.
  if (!transfer.timing_only) pieces_.push_back({sink, unit, buffer_->size()});
  if (hold_ != kOwnChunk) {
    if (holds_.empty() || holds_.back().until != hold_) holds_.push_back({hold_, 0});
    holds_.back().bytes += transfer.charged();
  }
  append(transfer);
}

std::uint8_t* TransferList::write(const Transfer& transfer) {
  append(transfer);
  return data(buffer_->size() - transfer.bytes);
}

void TransferList::write_timing(Transfer transfer) {
  transfer.timing_only = true;
  append(transfer);
}

std::uint64_t TransferList::charged() const {
  std::uint64_t sum = 0;
  for (const Transfer& t : transfers_) sum += t.charged();
  return sum;
}

std::uint64_t TransferList::repeated() const {
  std::uint64_t sum = 0;
  for (const Transfer& t : transfers_) sum += t.repeated ? t.charged() : 0;
  return sum;
}

std::uint64_t TransferList::mem2() const {
  std::uint64_t sum = 0;
  for (const Transfer& t : transfers_) {
    const bool there = t.kind == TensorKind::weight_gradient || t.kind == TensorKind::master;
    sum += there ? t.charged() : 0;
  }
  return sum;
}

void TransferList::deliver() const {
  for (const Piece& p : pieces_) p.sink->arrived(p.unit, data(p.offset));
}

}  // namespace h2
