// SPDX-License-Identifier: Apache-2.0
#include "modules/device/worker_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace h2 {

WorkerPool::WorkerPool(int threads) {
  threads_.reserve(static_cast<std::size_t>(std::max(threads - 1, 0)));
  for (int i = 1; i < threads; ++i) {
    try {
      threads_.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {  // the system gives no more: fewer do the same work
      break;
    }
  }
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  begun_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::unique_ptr<WorkerPool::Work> WorkerPool::run(std::function<void()> job) {
  return std::make_unique<Work>(*this, Urgency::job, 1, [job = std::move(job)](int) { job(); });
}

void WorkerPool::share(int parts, const std::function<void(int)>& part) {
  Work(*this, Urgency::shared, parts, part).finish(parts);
}

bool WorkerPool::help(Urgency least, std::unique_lock<std::mutex>& lock) {
  for (int urgency = 0; urgency <= static_cast<int>(least); ++urgency) {
    if (queues_[urgency].empty()) continue;
    queues_[urgency].front()->claim(lock);
    return true;
  }
  return false;
}

void WorkerPool::serve() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (help(Urgency::ahead, lock) || !stop_) {
    begun_.wait(lock, [this] {
      return stop_ || std::any_of(std::begin(queues_), std::end(queues_),
                                  [](const auto& queue) { return !queue.empty(); });
    });
  }
}

WorkerPool::Work::Work(WorkerPool& pool, Urgency urgency, int parts, std::function<void(int)> part)
    : pool_(pool), urgency_(urgency), part_(std::move(part)), left_(parts), done_(parts) {
  if (parts == 0) return;
  {
    const std::lock_guard<std::mutex> lock(pool_.mutex_);
    pool_.queues_[static_cast<int>(urgency_)].push_back(this);
  }
  pool_.begun_.notify_all();
  pool_.changed_.notify_all();
}

WorkerPool::Work::~Work() {
  std::unique_lock<std::mutex> lock(pool_.mutex_);
  if (left_ > 0) leave_queue();
  pool_.changed_.wait(lock, [this] { return under_way_ == 0; });
}

void WorkerPool::Work::leave_queue() {
  std::deque<Work*>& queue = pool_.queues_[static_cast<int>(urgency_)];
  queue.erase(std::find(queue.begin(), queue.end(), this));
}

bool WorkerPool::Work::done(int end) const {
  return std::all_of(done_.begin(), done_.begin() + end, [](bool done) { return done; });
}

void WorkerPool::Work::claim(std::unique_lock<std::mutex>& lock) {
  const std::size_t part = done_.size() - static_cast<std::size_t>(left_);
  if (--left_ == 0) leave_queue();
  ++under_way_;
  lock.unlock();
  std::exception_ptr caught;
  try {
    part_(static_cast<int>(part));
  } catch (...) {
    caught = std::current_exception();
  }
  lock.lock();
  if (caught != nullptr) thrown_ = caught;
  done_[part] = true;
  --under_way_;
  pool_.changed_.notify_all();
}

void WorkerPool::Work::finish(int end) {
  std::unique_lock<std::mutex> lock(pool_.mutex_);
  // Within a job only short work may come between: another thread waits for the job.
  const Urgency least = urgency_ == Urgency::job ? Urgency::ahead : Urgency::shared;
  while (!done(end)) {
    if (static_cast<int>(done_.size()) - left_ < end) {
      claim(lock);
    } else if (!pool_.help(least, lock)) {
      pool_.changed_.wait(lock);
    }
  }
  if (thrown_ != nullptr) std::rethrow_exception(thrown_);
}

}  // namespace h2
