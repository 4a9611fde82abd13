// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace h2 {

/// Threads that do the engines' arithmetic while simulated time passes. A thread that waits for a
/// result takes parts of the work meanwhile: the simulator's thread is one of the `threads`, and
/// with one thread it does all. Results never depend on the number.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Priority of a task, highest first: parts of a loop whose caller waits, jobs, then work done
  /// ahead of its request.
  enum class Urgency { shared, job, ahead };

  /// Work in numbered parts, begun in ascending order.
  class Work {
   public:
    Work(WorkerPool& pool, Urgency urgency, int parts, std::function<void(int)> part);
    /// Waits for the parts under way; the others are never begun.
    ~Work();
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    /// Returns when the parts 0..end-1 are done: the caller does those that no other thread
    /// has begun.
    /// Rethrows what one of them threw.
    void finish(int end);

   private:
    friend WorkerPool;
    [[nodiscard]] bool done(int end) const;
    /// Does the next part; there is one, and `lock` holds the pool's mutex before and after.
    void claim(std::unique_lock<std::mutex>& lock);
    void leave_queue();

    WorkerPool& pool_;
    const Urgency urgency_;
    const std::function<void(int)> part_;
    int left_;  ///< parts not yet begun
    int under_way_ = 0;
    std::vector<bool> done_;
    std::exception_ptr thrown_;
  };

  /// A job of one part; finish(1) on the result. May use share() and Work itself.
  std::unique_ptr<Work> run(std::function<void()> job);
  /// Calls part(0..parts-1), on idle threads too, and returns when all are done; rethrows what one
  /// of them threw.
  void share(int parts, const std::function<void(int)>& part);

 private:
  /// Claims a part of the most urgent work down to `least`; false if there is none.
  bool help(Urgency least, std::unique_lock<std::mutex>& lock);
  void serve();

  std::mutex mutex_;
  std::condition_variable begun_, changed_;  ///< for idle threads; for those that wait for a part
  std::deque<Work*> queues_[3];              ///< by urgency, with parts left to begin
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace h2
