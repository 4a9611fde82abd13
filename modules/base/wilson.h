// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <utility>

namespace h2 {

/// Wilson's interval of a share that was found in `samples` > 0 samples: that of all samples of
/// this kind lies in it with 95 %.
inline std::pair<double, double> wilson_interval(double share, double samples) {
  constexpr double kNormal = 1.959964;  // 97.5 % of the normal distribution
  constexpr double z2 = kNormal * kNormal;
  const double middle = share + z2 / (2 * samples);
  const double half =
      kNormal * std::sqrt(share * (1 - share) / samples + z2 / (4 * samples * samples));
  return {(middle - half) / (1 + z2 / samples), (middle + half) / (1 + z2 / samples)};
}

}  // namespace h2
