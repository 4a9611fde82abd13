// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstring>

#include "modules/tensor/maps.h"

namespace h2 {

/// Equal bit for bit, signs of zeros included; any NaN equals any NaN.
template <class Floats>
::testing::AssertionResult same_bits(const Floats& actual, const Floats& expected) {
  if (actual.size() != expected.size()) return ::testing::AssertionFailure() << "sizes differ";
  std::size_t wrong = 0, first = 0;
  for (std::size_t i = actual.size(); i-- > 0;) {
    const bool same = std::memcmp(&actual[i], &expected[i], sizeof(float)) == 0 ||
                      (std::isnan(actual[i]) && std::isnan(expected[i]));
    if (!same) ++wrong, first = i;
  }
  if (wrong == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << wrong << " of " << actual.size() << " differ, first at " << first << ": "
         << actual[first] << " instead of " << expected[first];
}

inline ::testing::AssertionResult same_bits(const ValueMap& actual, const ValueMap& expected) {
  return same_bits(actual.values, expected.values);
}

}  // namespace h2
