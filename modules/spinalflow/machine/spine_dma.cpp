// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/machine/spine_dma.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "modules/base/ceil_div.h"

namespace h2 {

SpineDma::SpineDma(sc_core::sc_module_name name, SpineLink& link, Ports ports, Glb& filter_memory,
                   FilterBuffer& filter, StreamBuffers<SpineEvent>& spines, TileStreams& tiles,
                   StreamBuffers<SumRow>& sums)
    : SpineStage(name, link),
      ports_(std::move(ports)),
      filter_memory_(filter_memory),
      filter_(filter),
      spines_(spines),
      tiles_(tiles),
      sums_(sums) {
  SC_HAS_PROCESS(SpineDma);
  SC_THREAD(arrive_process);
  arrive_ = sc_core::sc_get_last_created_process_handle();
  SC_THREAD(store_process);
  store_ = sc_core::sc_get_last_created_process_handle();
}

void SpineDma::begin() {
  pass_ = sorted_ = 0;
  bytes_ = 0;
  arrivals_.clear();
  departures_.clear();
  active_spent_ = sc_core::SC_ZERO_TIME;
}

bool SpineDma::under_way() const {
  const auto open = [](const auto& transfer) { return transfer.batch.left > 0; };
  return std::any_of(arrivals_.begin(), arrivals_.end(), open) ||
         std::any_of(departures_.begin(), departures_.end(), open);
}

/// A process that is reset runs at once up to its first wait: it must not find the transactions of
/// the job that is given up.
void SpineDma::restart() {
  arrivals_.clear();
  departures_.clear();
  SpineStage::restart();
  arrive_.reset();
  store_.reset();
  if (active_ > 0) transfers(-active_);
}

void SpineDma::work() {
  const int passes = static_cast<int>(plan().passes().size());
  for (int number = 0; number < passes; ++number) run_pass(number);
}

void SpineDma::run_pass(int number) {
  waits_for_ = "the filter buffer";
  while (filter_.loadable() <= number) wait(filter_.changed());
  pass_ = number;
  load_weights(number);
  inputs_ = earlier_ = {};
  results_ready_ = false;
  load_lists();
}

void SpineDma::sorted(int passes) {
  sorted_ = passes;
  sorted_change_.notify();
}

/// Sends a read; returns when its last request is out.
void SpineDma::issue(const Transfer& transfer, std::function<void(const std::uint8_t*)> deliver) {
  arrivals_.emplace_back();
  Arrival& arrival = arrivals_.back();
  arrival.deliver = std::move(deliver);
  arrival.batch.list.read(transfer, nullptr, 0);
  bytes_ += arrival.batch.list.charged();
  transfers(+1);
  waits_for_ = "memory to take a read";
  ports_.load.issue(arrival.batch);
  arrival.issued = true;
  issued_.notify();
}

void SpineDma::arrive_process() {
  for (;;) {
    while (arrivals_.empty() || !arrivals_.front().issued) wait(issued_);
    Arrival& arrival = arrivals_.front();
    if (!ports_.load.finish(arrival.batch)) {
      link_.fail(H2_ERR_BUS);
      wait();
    }
    edge();
    const std::uint64_t bytes = arrival.batch.list.bytes();
    wait(static_cast<double>(ceil_div(bytes, std::uint64_t{ports_.dma_bytes})) * link_.period);
    arrival.deliver(arrival.batch.list.data(arrival.batch.list.begin()));
    arrivals_.pop_front();
    transfers(-1);
  }
}

void SpineDma::store(TensorKind kind, std::uint64_t address, const std::uint8_t* bytes,
                     std::size_t count, std::function<void()> stored) {
  departures_.emplace_back();
  Departure& departure = departures_.back();
  departure.stored = std::move(stored);
  Transfer t;
  t.kind = kind;
  t.write = true;
  t.address = address;
  t.bytes = count;
  std::memcpy(departure.batch.list.write(t), bytes, count);
  bytes_ += count;
  leaving_.notify();
}

void SpineDma::store_process() {
  for (;;) {
    while (departures_.empty()) wait(leaving_);
    Departure& departure = departures_.front();
    transfers(+1);
    ports_.store.issue(departure.batch);
    if (!ports_.store.finish(departure.batch)) {
      link_.fail(H2_ERR_BUS);
      wait();
    }
    edge();
    transfers(-1);
    const std::function<void()> stored = std::move(departure.stored);
    departures_.pop_front();
    stored();
    stored_.notify();
  }
}

void SpineDma::edge() {
  const auto period = link_.period.value();
  const auto late = sc_core::sc_time_stamp().value() % period;
  if (late != 0) wait(sc_core::sc_time::from_value(period - late));
}

void SpineDma::transfers(int change) {
  const sc_core::sc_time now = sc_core::sc_time_stamp();
  if (active_ > 0) active_spent_ += now - active_since_;
  active_since_ = now;
  active_ += change;
}

}  // namespace h2
