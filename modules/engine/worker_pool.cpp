#include "modules/engine/worker_pool.h"

#include <algorithm>
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
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs_.push_back(std::move(task));
  }
  ready_.notify_one();
  return done;
}

void WorkerPool::share(int parts, const std::function<void(int)>& work) {
  Ahead all(*this, parts, work, shared_);
  all.finish(parts);
}

void WorkerPool::serve() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ready_.wait(lock,
                [this] { return stop_ || !shared_.empty() || !jobs_.empty() || !ahead_.empty(); });
    if (!shared_.empty()) {
      shared_.front()->claim(lock);
    } else if (!jobs_.empty()) {
      std::packaged_task<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    } else if (!ahead_.empty()) {
      ahead_.front()->claim(lock);
    } else {
      return;
    }
  }
}

WorkerPool::Ahead::Ahead(WorkerPool& pool, int parts, std::function<void(int)> work, Queue& queue)
    : pool_(pool), work_(std::move(work)), queue_(queue), left_(parts), done_(parts) {
  if (parts == 0) return;
  {
    const std::lock_guard<std::mutex> lock(pool_.mutex_);
    queue_.push_back(this);
  }
  pool_.ready_.notify_all();
}

WorkerPool::Ahead::~Ahead() {
  std::unique_lock<std::mutex> lock(pool_.mutex_);
  if (left_ > 0) leave_queue();
  part_done_.wait(lock, [this] { return under_way_ == 0; });
}

void WorkerPool::Ahead::leave_queue() {
  queue_.erase(std::find(queue_.begin(), queue_.end(), this));
}

void WorkerPool::Ahead::claim(std::unique_lock<std::mutex>& lock) {
  const std::size_t part = done_.size() - left_;
  if (--left_ == 0) leave_queue();
  ++under_way_;
  lock.unlock();
  std::exception_ptr caught;
  try {
    work_(static_cast<int>(part));
  } catch (...) {
    caught = std::current_exception();
  }
  lock.lock();
  if (caught != nullptr) thrown_ = caught;
  done_[part] = true;
  --under_way_;
  part_done_.notify_all();
}

void WorkerPool::Ahead::finish(int end) {
  std::unique_lock<std::mutex> lock(pool_.mutex_);
  const auto asked = done_.begin() + end;
  for (;;) {
    if (static_cast<int>(done_.size()) - left_ < end) {
      claim(lock);
    } else if (std::find(done_.begin(), asked, false) != asked) {
      part_done_.wait(lock);
    } else {
      break;
    }
  }
  if (thrown_ != nullptr) std::rethrow_exception(thrown_);
}

}  // namespace h2
