// SPDX-License-Identifier: Apache-2.0
#include "traces/results/statistics/sampler.h"

#include <utility>

#include "traces/results/energy.h"

namespace h2 {

using Json = nlohmann::ordered_json;

Sampler::Sampler(sc_core::sc_module_name name, std::function<Snapshot()> look, SamplerState earlier,
                 std::uint64_t begin_ps)
    : sc_module(name),
      look_(std::move(look)),
      begin_ps_(begin_ps),
      step_(sc_core::sc_time::from_value(earlier.step_ps)),
      looks_(std::move(earlier.looks)) {
  SC_HAS_PROCESS(Sampler);
  SC_THREAD(run);
}

void Sampler::run() {
  // A picosecond behind each border, so that all that happens at the border itself is counted
  // before it, in whatever order the kernel runs the processes of one moment.
  wait(sc_core::sc_time::from_value(1));
  if (!looks_.empty()) {
    wait(sc_core::sc_time::from_value(looks_.size() * step_.value() - begin_ps_));
  }
  for (;;) {
    looks_.push_back(look_());
    if (looks_.size() == kMost) {
      for (std::size_t i = 0; i < kMost / 2; ++i) looks_[i] = looks_[2 * i];
      looks_.resize(kMost / 2);
      // The last look kept is one old step behind: the next one belongs at its whole new step.
      wait(step_);
      step_ += step_;
      continue;
    }
    wait(step_);
  }
}

std::vector<StatisticKind> sample_kinds() {
  return {
      {"samples.interval_us", "us", "step between two samples",
       "10, doubled each time that 1,024 samples are reached: every other one is dropped"},
      {"samples.time_us", "us", "end of each step", "simulated time since the start"},
      {"samples.series.engine.<engine>.busy", "share", "of each step the array works",
       "busy cycles of the step / cycles of the step"},
      {"samples.series.engine.<engine>.power", "W", "mean power in each step, leakage included",
       "events of jobs, cycles of the array and the step, each x its cost / time of the step"},
      {"samples.series.memory.<memory>.power", "W", "mean power of the device in each step",
       "rows opened and lines moved in the step x their costs / its time"},
      {"samples.series.memory.<memory>.bandwidth", "1e9 B/s", "mean rate in each step",
       "bytes of transactions answered in the step / its time"},
  };
}

Json Sampler::json(const RunInfo& info) const {
  const double clock_mhz = info.machine.clock_mhz;
  Json times = Json::array(), series = Json::object();
  const auto add = [&](const std::string& name, const char* unit) {
    series[name] = {{"unit", unit}, {"values", Json::array()}};
  };
  const auto busy = [](const EngineInfo& e) { return "engine." + e.key + ".busy"; };
  const auto power = [](const std::string& part) { return part + ".power"; };
  const auto bandwidth = [](const MemoryInfo& m) { return "memory." + m.name + ".bandwidth"; };
  for (const EngineInfo& e : info.engines) add(busy(e), "share");
  for (std::size_t e = 0; e < info.energy.engines.size(); ++e) {
    add(power("engine." + info.engines[e].key), "W");
  }
  if (info.energy.dram.known) {
    for (const MemoryInfo& m : info.memories) add(power("memory." + m.name), "W");
  }
  for (const MemoryInfo& m : info.memories) add(bandwidth(m), "1e9 B/s");
  for (std::size_t i = 1; i < looks_.size(); ++i) {
    const Snapshot step = looks_[i] - looks_[i - 1];
    const auto cycles = static_cast<double>(step.cycle);
    times.push_back(static_cast<double>(looks_[i].cycle) / clock_mhz);
    for (std::size_t e = 0; e < info.engines.size(); ++e) {
      series[busy(info.engines[e])]["values"].push_back(
          static_cast<double>(step.engines[e].busy_cycles) / cycles);
    }
    const EnergyUse use = energy_use(info, step);
    const double seconds = cycles / (clock_mhz * 1e6);
    for (std::size_t e = 0; e < use.engines.size(); ++e) {
      series[power("engine." + info.engines[e].key)]["values"].push_back(use.engines[e].total() /
                                                                         seconds);
    }
    for (std::size_t m = 0; m < use.memories.size(); ++m) {
      series[power("memory." + info.memories[m].name)]["values"].push_back(use.memories[m] /
                                                                           seconds);
    }
    for (std::size_t m = 0; m < info.memories.size(); ++m) {
      const std::uint64_t bytes = step.memories[m].read + step.memories[m].written;
      series[bandwidth(info.memories[m])]["values"].push_back(static_cast<double>(bytes) / cycles *
                                                              clock_mhz / 1e3);
    }
  }
  return {{"interval_us", step_.to_seconds() * 1e6}, {"time_us", times}, {"series", series}};
}

}  // namespace h2
