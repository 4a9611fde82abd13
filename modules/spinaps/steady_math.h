// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

namespace h2 {

/// e^x by range reduction and its series: unlike a library's, the same bits on every machine. Error
/// below 1e-15 of the result for |x| <= 700; 0 below that range.
inline double steady_exp(double x) {
  if (x < -700) return 0;
  constexpr double kLn2High = 0.693147180369123816490, kLn2Low = 1.90821492927058770002e-10;
  const double n = std::floor(x * 1.44269504088896340736 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;  // |r| <= ln2 / 2
  double sum = 1;
  for (int k = 15; k > 0; --k) sum = 1 + sum * r / k;
  return std::ldexp(sum, static_cast<int>(n));
}

/// ln(1 + m) for 0 <= m <= 1, by the series of the inverse hyperbolic tangent.
inline double steady_log1p(double m) {
  const double z = m / (2 + m), square = z * z;  // z <= 1/3
  double sum = 1.0 / 33;
  for (int k = 31; k > 0; k -= 2) sum = 1.0 / k + sum * square;
  return 2 * z * sum;
}

/// ln x for x >= 1.
inline double steady_log(double x) {
  int halvings = 0;
  for (; x >= 2; x /= 2) ++halvings;
  return halvings * 0.693147180559945309417 + steady_log1p(x - 1);
}

/// ln(1 + e^x).
inline double softplus(double x) {
  const double rest = steady_log1p(steady_exp(-std::fabs(x)));
  return x > 0 ? x + rest : rest;
}

}  // namespace h2
