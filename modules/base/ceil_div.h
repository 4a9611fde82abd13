// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace h2 {

/// value / by, rounded up; both positive, `value` may be 0.
template <class A, class B>
constexpr auto ceil_div(A value, B by) {
  return (value + by - 1) / by;
}

}  // namespace h2
