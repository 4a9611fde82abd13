#include "traces/results/statistics/sampler.h"

#include <utility>

namespace h2 {

using Json = nlohmann::ordered_json;

Sampler::Sampler(sc_core::sc_module_name name, std::function<Snapshot()> look)
    : sc_module(name), look_(std::move(look)) {
  SC_HAS_PROCESS(Sampler);
  SC_THREAD(run);
}

void Sampler::run() {
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

Json Sampler::json(double clock_mhz, const std::vector<std::string>& memories) const {
  Json times = Json::array(), series = Json::object();
  for (std::size_t e = 0; e < kEngineKeys.size(); ++e) {
    series["engine." + std::string(kEngineKeys[e]) + ".busy"] = {{"unit", "share"},
                                                                 {"values", Json::array()}};
  }
  for (const std::string& m : memories) {
    series["memory." + m + ".bandwidth"] = {{"unit", "1e9 B/s"}, {"values", Json::array()}};
  }
  for (std::size_t i = 1; i < looks_.size(); ++i) {
    const Snapshot &from = looks_[i - 1], &to = looks_[i];
    const auto cycles = static_cast<double>(to.cycle - from.cycle);
    times.push_back(static_cast<double>(to.cycle) / clock_mhz);
    for (std::size_t e = 0; e < kEngineKeys.size(); ++e) {
      const Engine::Stats spent = to.engines[e] - from.engines[e];
      series["engine." + std::string(kEngineKeys[e]) + ".busy"]["values"].push_back(
          static_cast<double>(spent.busy_cycles) / cycles);
    }
    for (std::size_t m = 0; m < memories.size(); ++m) {
      const std::uint64_t bytes =
          to.read_bytes[m] - from.read_bytes[m] + to.write_bytes[m] - from.write_bytes[m];
      series["memory." + memories[m] + ".bandwidth"]["values"].push_back(
          static_cast<double>(bytes) / cycles * clock_mhz / 1e3);
    }
  }
  return {{"interval_us", step_.to_seconds() * 1e6}, {"time_us", times}, {"series", series}};
}

}  // namespace h2
