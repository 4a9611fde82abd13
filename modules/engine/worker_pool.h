#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace h2 {

/// Threads that do the engines' arithmetic while simulated time passes. With one thread the work is
/// done by the caller, when it needs the result; results never depend on the number.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// get() on the result rethrows what `work` threw.
  std::future<void> run(std::function<void()> work);
  /// Calls work(0..parts-1), on idle threads too, and returns when all are done; rethrows what one
  /// of them threw. May be called from within work.
  void share(int parts, const std::function<void(int)>& work);

  /// Work in numbered parts that threads with nothing else to do begin, in ascending order, before
  /// anybody asks for it.
  class Ahead {
   public:
    Ahead(WorkerPool& pool, int parts, std::function<void(int)> work)
        : Ahead(pool, parts, std::move(work), pool.ahead_) {}
    /// Waits for the parts under way; the others are never begun.
    ~Ahead();
    Ahead(const Ahead&) = delete;
    Ahead& operator=(const Ahead&) = delete;

    /// Returns when the parts 0..end-1 are done: the caller does those that nobody has begun.
    /// Rethrows what one of them threw.
    void finish(int end);

   private:
    friend WorkerPool;
    using Queue = std::deque<Ahead*>;
    Ahead(WorkerPool& pool, int parts, std::function<void(int)> work, Queue& queue);
    /// Does the next part; there is one, and `lock` holds the pool's mutex before and after.
    void claim(std::unique_lock<std::mutex>& lock);
    void leave_queue();

    WorkerPool& pool_;
    const std::function<void(int)> work_;
    Queue& queue_;  ///< it stands in while parts are left to begin
    int left_;      ///< not yet begun
    int under_way_ = 0;
    std::vector<bool> done_;
    std::condition_variable part_done_;
    std::exception_ptr thrown_;
  };

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable ready_;
  // In the order of their urgency.
  Ahead::Queue shared_;
  std::deque<std::packaged_task<void()>> jobs_;
  Ahead::Queue ahead_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace h2
