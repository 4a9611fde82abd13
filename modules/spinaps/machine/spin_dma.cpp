// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/machine/spin_dma.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace h2 {

SpinDma::SpinDma(sc_core::sc_module_name name, SpinLink& link, MemoryPort& load, MemoryPort& store,
                 Glb& buffer, Fill fill)
    : SpinStage(name, link),
      load_port_(load),
      store_port_(store),
      buffer_(buffer),
      fill_(std::move(fill)) {
  SC_HAS_PROCESS(SpinDma);
  SC_THREAD(store_process);
  store_process_ = sc_core::sc_get_last_created_process_handle();
}

void SpinDma::begin() {
  load_batch_ = {};
  store_batch_ = {};
  loaded_.clear();
  results_.clear();
  halves_ = 0;
  taken_bytes_ = result_number_ = bytes_ = 0;
  active_spent_ = sc_core::SC_ZERO_TIME;
}

void SpinDma::restart() {
  SpinStage::restart();
  store_process_.reset();
  if (active_ > 0) transfers(-active_);
}

/// Samples, or as many whole rows of weights as half the buffer takes.
std::vector<SpinDma::Piece> SpinDma::pieces() const {
  std::vector<Piece> list;
  if (!job().program) {
    const std::uint64_t bytes =
        step_bytes(static_cast<int>(job().table.inputs)) * job().table.steps;
    for (int s = 0; s < job().samples; ++s) {
      list.push_back({job().input + s * job().sample_bytes(), bytes, TensorKind::input});
    }
    return list;
  }
  const std::uint64_t row = job().table.classes;
  const std::uint64_t whole = job().weight_rows() * row;
  const std::uint64_t most = buffer_.capacity() / 2 / row * row;
  for (std::uint64_t at = 0; at < whole; at += most) {
    list.push_back({job().table.weights + at, std::min(most, whole - at), TensorKind::weight});
  }
  return list;
}

void SpinDma::work() {
  if (job().program) {
    const sa_table& t = job().table;
    biases_ = load({t.biases, t.classes * sizeof(std::int32_t), TensorKind::weight});
    sigmoid_ = load({t.sigmoid, SA_SIGMOID_ENTRIES * sizeof(std::uint16_t), TensorKind::weight});
  }
  for (const Piece& piece : pieces()) {
    waits_for_ = "half of the buffer";
    while (halves_ == 2) wait(freed_);
    ++halves_;
    buffer_.take(Glb::operands, piece.bytes);
    std::vector<std::uint8_t> bytes = load(piece);
    fill_(bytes.data(), bytes.size());
    link_.events[kGlbWriteBytes] += bytes.size();
    loaded_.push_back(std::move(bytes));
    arrived_.notify();
  }
}

std::vector<std::uint8_t> SpinDma::load(const Piece& piece) {
  load_batch_ = {};
  Transfer t;
  t.kind = piece.kind;
  t.address = piece.address;
  t.bytes = piece.bytes;
  load_batch_.list.read(t, nullptr, 0);
  bytes_ += load_batch_.list.charged();
  transfers(+1);
  waits_for_ = "memory to answer a read";
  load_port_.issue(load_batch_);
  if (!load_port_.finish(load_batch_)) {
    link_.fail(H2_ERR_BUS);
    wait();
  }
  edge();
  transfers(-1);
  const std::uint8_t* data = load_batch_.list.data(load_batch_.list.begin());
  return {data, data + piece.bytes};
}

std::vector<std::uint8_t> SpinDma::take() {
  while (loaded_.empty()) sc_core::wait(arrived_);
  std::vector<std::uint8_t> piece = std::move(loaded_.front());
  loaded_.pop_front();
  taken_bytes_ = piece.size();
  link_.events[kGlbReadBytes] += piece.size();
  return piece;
}

void SpinDma::release() {
  buffer_.give(Glb::operands, taken_bytes_);
  --halves_;
  freed_.notify();
}

void SpinDma::store(const sa_result& result) {
  results_.push_back(result);
  leaving_.notify();
}

void SpinDma::store_process() {
  for (;;) {
    while (results_.empty()) wait(leaving_);
    store_batch_ = {};
    Transfer t;
    t.kind = TensorKind::spike;
    t.write = true;
    t.address = job().results + result_number_ * sizeof(sa_result);
    t.bytes = sizeof(sa_result);
    std::memcpy(store_batch_.list.write(t), &results_.front(), sizeof(sa_result));
    bytes_ += sizeof(sa_result);
    transfers(+1);
    store_port_.issue(store_batch_);
    if (!store_port_.finish(store_batch_)) {
      link_.fail(H2_ERR_BUS);
      wait();
    }
    edge();
    transfers(-1);
    ++result_number_;
    results_.pop_front();
    stored_.notify();
  }
}

void SpinDma::edge() {
  const auto period = link_.period.value();
  const auto late = sc_core::sc_time_stamp().value() % period;
  if (late != 0) wait(sc_core::sc_time::from_value(period - late));
}

void SpinDma::transfers(int change) {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  if (active_ > 0) active_spent_ += now - active_since_;
  active_since_ = now;
  active_ += change;
}

}  // namespace h2
