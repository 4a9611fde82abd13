#pragma once

#include <ctime>
#include <utility>

namespace h2 {

/// Processor time of the calling thread, in seconds.
inline double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// Processor time of a job's kernel calls, whichever thread makes them.
class KernelClock {
 public:
  /// Calls `kernel` and returns its result.
  template <class Kernel>
  decltype(auto) run(Kernel&& kernel) {
    const Interval interval(seconds_);
    return std::forward<Kernel>(kernel)();
  }
  double seconds() const { return seconds_; }

 private:
  struct Interval {
    explicit Interval(double& sum) : sum(sum), begin(thread_seconds()) {}
    ~Interval() { sum += thread_seconds() - begin; }
    Interval(const Interval&) = delete;
    Interval& operator=(const Interval&) = delete;
    double& sum;
    const double begin;
  };

  double seconds_ = 0;
};

}  // namespace h2
