// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <utility>

#include "modules/device/engine.h"

// What an engine shows of itself: slices and messages, counters, what it waits for.

namespace h2 {

void Engine::declare_rows() const {
  trace_.declare_track(name());
  if (!trace_.shows(TraceLevel::tiles)) return;
  for (const char* process : {"load.even", "load.odd", "compute", "store"}) {
    trace_.declare_track(std::string(name()) + "." + process);
  }
}

void Engine::show_job(std::uint32_t sub_batch) const {
  if (log_.shows(TraceLevel::phases)) {
    log_.print(record_.layer + " of sub-batch " + std::to_string(sub_batch) + " ended after " +
               std::to_string(record_.cycles) + " cycles, " +
               std::to_string(record_.compute_cycles) + " of them computing" +
               (record_.error == H2_OK ? "" : ", error " + std::to_string(record_.error)));
  }
  if (!trace_.shows(TraceLevel::phases)) return;
  trace_.slice(name(), record_.layer, record_.start_cycle * counted().value(),
               {{"sub_batch", sub_batch},
                {"cycles", record_.cycles},
                {"compute_cycles", record_.compute_cycles},
                {"load_stall_cycles", record_.load_stall_cycles},
                {"store_stall_cycles", record_.store_stall_cycles},
                {"executed_macs", record_.executed_macs},
                {"bytes", record_.bytes}});
}

void Engine::show_phase(const char* process, int chunk, const sc_core::sc_time& begin) const {
  if (log_.shows(TraceLevel::tiles)) {
    log_.print(record_.layer + " chunk " + std::to_string(chunk) + ": " + process + " since " +
               begin.to_string());
  }
  if (!trace_.shows(TraceLevel::tiles)) return;
  trace_.slice(std::string(name()) + "." + process, record_.layer, begin.value(),
               {{"chunk", chunk}});
}

void Engine::show_power(std::vector<double> event_pj, double clock_pj) {
  event_pj_ = std::move(event_pj);
  clock_pj_ = clock_pj;
}

void Engine::count(const EventCounts& events, std::uint64_t cycles) {
  record_.events += events;
  events_ += events;
  if (power_signal_ == VcdWriter::kNotTraced) return;
  double pj = clock_pj_ * static_cast<double>(cycles);
  for (std::size_t k = 0; k < event_pj_.size(); ++k) {
    pj += event_pj_[k] * static_cast<double>(events[k]);
  }
  // 1 pJ in 1 us is 1 uW: what a rate shows in MB/s of bytes it shows in uW of picojoules.
  trace_.add(power_signal_, static_cast<std::uint64_t>(pj + 0.5));
}

Engine::Stats Engine::stats() const {
  sc_core::sc_time spent[4] = {spent_[0], spent_[1], spent_[2], spent_[3]};
  spent[static_cast<int>(state_)] += sc_core::sc_time_stamp() - state_since_;
  // Intervals that have ended are whole cycles: rounding down keeps the sum the elapsed time.
  const auto whole = [&](const sc_core::sc_time& time) { return time.value() / counted().value(); };
  return {whole(spent[3]), whole(spent[1] + spent[2]), whole(spent[0])};
}

std::string Engine::describe() const {
  return std::string(name()) + ": load waits for " + load_wait_ + ", arrive waits for " +
         arrive_wait_ + ", compute waits for " + compute_wait_ + ", store waits for " + store_wait_;
}

}  // namespace h2
