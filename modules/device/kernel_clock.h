// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <utility>

namespace h2 {

/// Processor time of the calling thread, in nanoseconds.
inline std::int64_t thread_nanoseconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

/// Processor time of a job's kernel calls, whichever threads make them.
class KernelClock {
 public:
  /// Calls `kernel` and returns its result.
  template <class Kernel>
  decltype(auto) run(Kernel&& kernel) {
    const Interval interval(nanoseconds_);
    return std::forward<Kernel>(kernel)();
  }
  double seconds() const { return static_cast<double>(nanoseconds_) * 1e-9; }

 private:
  struct Interval {
    explicit Interval(std::atomic<std::int64_t>& sum) : sum(sum), begin(thread_nanoseconds()) {}
    ~Interval() { sum += thread_nanoseconds() - begin; }
    Interval(const Interval&) = delete;
    Interval& operator=(const Interval&) = delete;
    std::atomic<std::int64_t>& sum;
    const std::int64_t begin;
  };

  std::atomic<std::int64_t> nanoseconds_{0};
};

}  // namespace h2
