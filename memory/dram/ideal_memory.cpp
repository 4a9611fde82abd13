// SPDX-License-Identifier: Apache-2.0
#include "memory/dram/ideal_memory.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "memory/dram/address_map.h"
#include "modules/base/error.h"

namespace h2 {

IdealMemory::IdealMemory(const IdealSpec& spec) : spec_(spec) {
  if (!(spec.bandwidth_gbps > 0) || !(spec.latency_ns >= 0)) {
    throw InputError(
        "memory preset ideal: bandwidth_gbps = " + std::to_string(spec.bandwidth_gbps) +
        " must be positive, latency_ns = " + std::to_string(spec.latency_ns) + " not negative");
  }
}

void IdealMemory::submit(const MemoryRequest& request, Picoseconds now) {
  const std::uint64_t lines =
      (request.address % kLineBytes + request.bytes + kLineBytes - 1) / kLineBytes;
  const double start = std::max(static_cast<double>(now), free_ps_);
  free_ps_ = start + static_cast<double>(request.bytes) * 1000.0 / spec_.bandwidth_gbps;
  const double end = free_ps_ + (request.write ? 0.0 : spec_.latency_ns * 1000.0);
  certain_.push_back({request.id, request.write, static_cast<Picoseconds>(std::llround(start)),
                      static_cast<Picoseconds>(std::llround(end))});
  (request.write ? statistics_.writes : statistics_.reads) += lines;
}

Picoseconds IdealMemory::next_event() const {
  return certain_.empty() ? kNoEvent : certain_.front().accepted;
}

void IdealMemory::advance(Picoseconds until, std::vector<MemoryCompletion>& completions) {
  const auto later = std::find_if(certain_.begin(), certain_.end(),
                                  [&](const auto& c) { return c.accepted > until; });
  completions.insert(completions.end(), certain_.begin(), later);
  certain_.erase(certain_.begin(), later);
}

}  // namespace h2
