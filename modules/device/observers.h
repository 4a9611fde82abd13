// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <utility>

namespace h2 {

/// Functions that are called, in the order they were added, whenever something has happened.
template <class... Event>
class Observers {
 public:
  using Function = std::function<void(Event...)>;

  /// Returns the key for remove().
  int add(Function function) {
    functions_.emplace(next_, std::move(function));
    return next_++;
  }
  void remove(int key) { functions_.erase(key); }
  void notify(Event... event) const {
    for (const auto& [key, function] : functions_) function(event...);
  }

 private:
  std::map<int, Function> functions_;
  int next_ = 0;
};

}  // namespace h2
