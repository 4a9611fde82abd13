#include "modules/engine/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <utility>

namespace h2 {

WorkerPool::WorkerPool(int threads) {
  for (int i = 0; threads > 1 && i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::future<void> WorkerPool::run(std::function<void()> work) {
  std::packaged_task<void()> task(std::move(work));
  std::future<void> done = task.get_future();
  if (threads_.empty()) {
    task();
    return done;
  }
  push(std::move(task));
  return done;
}

void WorkerPool::push(std::packaged_task<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(task));
  }
  ready_.notify_one();
}

/// Parts are claimed one by one. A thread that comes late finds none left, so nobody ever waits for
/// a part that no thread has begun.
struct WorkerPool::Shared {
  const std::function<void(int)>* work;
  const int parts;
  std::atomic<int> next{0};
  std::mutex mutex;
  std::condition_variable all_done;
  int done = 0;
  std::exception_ptr thrown;

  Shared(const std::function<void(int)>& work, int parts) : work(&work), parts(parts) {}

  void claim() {
    for (int part = next++; part < parts; part = next++) {
      std::exception_ptr caught;
      try {
        (*work)(part);
      } catch (...) {
        caught = std::current_exception();
      }
      const std::lock_guard<std::mutex> lock(mutex);
      if (caught != nullptr) thrown = caught;
      if (++done == parts) all_done.notify_all();
    }
  }
};

void WorkerPool::share(int parts, const std::function<void(int)>& work) {
  const auto shared = std::make_shared<Shared>(work, parts);
  const int helpers = std::min(parts, static_cast<int>(threads_.size())) - 1;
  for (int i = 0; i < helpers; ++i) {
    push(std::packaged_task<void()>([shared] { shared->claim(); }));
  }
  shared->claim();
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->all_done.wait(lock, [&] { return shared->done == parts; });
  if (shared->thrown != nullptr) std::rethrow_exception(shared->thrown);
}

void WorkerPool::serve() {
  for (;;) {
    std::packaged_task<void()> task;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      ready_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace h2
