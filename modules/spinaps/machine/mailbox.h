// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <systemc>
#include <utility>

namespace h2 {

/// One value on its way from one process to another: who finds it full waits, and who finds it
/// empty.
template <class T>
class Mailbox {
 public:
  void put(T value) {
    while (value_) sc_core::wait(taken_);
    value_ = std::move(value);
    put_.notify();
  }
  T take() {
    while (!value_) sc_core::wait(put_);
    T value = std::move(*value_);
    value_.reset();
    taken_.notify();
    return value;
  }
  void clear() { value_.reset(); }

 private:
  std::optional<T> value_;
  sc_core::sc_event put_, taken_;
};

}  // namespace h2
