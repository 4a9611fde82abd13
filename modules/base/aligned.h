// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace h2 {

/// Allocates on cache lines, so that a row of kLanes floats lies in one.
template <class T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};

  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>& /*other*/) {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kLine)); }
  void deallocate(T* p, std::size_t /*n*/) { ::operator delete(p, kLine); }
};

template <class T, class U>
bool operator==(const LineAllocator<T>& /*a*/, const LineAllocator<U>& /*b*/) {
  return true;
}
template <class T, class U>
bool operator!=(const LineAllocator<T>& /*a*/, const LineAllocator<U>& /*b*/) {
  return false;
}

/// Operands and sums of the kernels' inner loops.
template <class T>
using AlignedVector = std::vector<T, LineAllocator<T>>;

}  // namespace h2
