// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "memory/dram/memory_timing.h"
#include "memory/dram/traffic.h"

namespace h2 {
namespace {

/// 64 B requests per second of one core, generator included.
void traffic(benchmark::State& state, const std::string& pattern) {
  TrafficSpec spec;
  spec.pattern = pattern;
  spec.requests = 100000;
  for (auto _ : state) benchmark::DoNotOptimize(run_traffic(MemorySpec{}, spec));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(spec.requests));
}
BENCHMARK_CAPTURE(traffic, sequential, "seq_rd")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(traffic, random, "rand_rd")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(traffic, mixed, "mix11")->Unit(benchmark::kMillisecond);

/// One port reads contiguous 4 KB bursts, 8 outstanding.
void bursts(benchmark::State& state, BurstService service) {
  const auto memory = make_memory_timing(MemorySpec{}, service);
  constexpr std::uint32_t kBytes = 4096;
  std::vector<MemoryCompletion> completions;
  std::uint64_t address = 0;
  for (int i = 0; i < 8; ++i, address += kBytes) memory->submit({0, 0, address, kBytes, false}, 0);
  for (auto _ : state) {
    completions.clear();
    while (completions.empty()) memory->advance(memory->next_event(), completions);
    for (const MemoryCompletion& c : completions) {
      memory->submit({0, 0, address, kBytes, false}, c.time);
      address = (address + kBytes) % (4ULL << 30);
    }
  }
  state.SetBytesProcessed(state.iterations() * kBytes);
}
BENCHMARK_CAPTURE(bursts, exact, BurstService::exact);
BENCHMARK_CAPTURE(bursts, runs, BurstService::runs);

}  // namespace
}  // namespace h2
