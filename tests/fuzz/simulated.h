// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace h2 {

/// A board that is simulated in a thread of its own; an input is what one client sends it. There is
/// one SystemC per process: what was simulated for another format ends first.
class Simulated {
 public:
  virtual ~Simulated() = default;

  template <class T>
  static T& current() {
    auto* found = dynamic_cast<T*>(slot().get());
    if (found != nullptr && found->alive()) return *found;
    slot().reset();
    auto made = std::make_unique<T>();
    T& target = *made;
    slot() = std::move(made);
    return target;
  }
  virtual bool alive() const { return true; }

 private:
  static std::unique_ptr<Simulated>& slot() {
    static std::unique_ptr<Simulated> held;
    return held;
  }
};

}  // namespace h2
