// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <systemc>
#include <utility>

namespace h2 {

/// A queue between two units. Who pushes waits while it is full; marks take no room. Unlike
/// sc_fifo its head can be looked at, and it can be emptied.
template <class Token>
class BoundedFifo {
 public:
  explicit BoundedFifo(std::size_t depth) : depth_(depth) {}

  bool full() const { return held_ >= depth_; }
  bool empty() const { return tokens_.empty(); }
  std::size_t held() const { return held_; }
  const Token& front() const { return tokens_.front().first; }
  void push(Token token) {
    tokens_.emplace_back(std::move(token), true);
    ++held_;
    pushed_.notify();
  }
  void push_mark(Token token) {
    tokens_.emplace_back(std::move(token), false);
    pushed_.notify();
  }
  Token pop() {
    Token token = std::move(tokens_.front().first);
    if (tokens_.front().second) --held_;
    tokens_.pop_front();
    popped_.notify();
    return token;
  }
  void clear() {
    tokens_.clear();
    held_ = 0;
  }
  const sc_core::sc_event& pushed() const { return pushed_; }
  const sc_core::sc_event& popped() const { return popped_; }

 private:
  const std::size_t depth_;
  std::deque<std::pair<Token, bool>> tokens_;
  std::size_t held_ = 0;
  sc_core::sc_event pushed_, popped_;
};

}  // namespace h2
