#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace h2 {

/// Threads that do the engines' arithmetic while simulated time passes. With one thread the work is
/// done at once by the caller; results never depend on the number.
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

 private:
  struct Shared;
  void serve();
  void push(std::packaged_task<void()> task);

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::packaged_task<void()>> queue_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace h2
