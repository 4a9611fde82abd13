// SPDX-License-Identifier: Apache-2.0
#include "modules/cluster/combination.h"

#include <cstring>

namespace h2 {

void average(const GradientParts& parts, const std::vector<double>& samples, std::size_t values,
             std::uint8_t* mean) {
  double all = 0;
  for (const double n : samples) all += n;
  for (std::size_t i = 0; i < values; ++i) {
    double sum = 0;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      float value;
      std::memcpy(&value, parts[p] + i * sizeof value, sizeof value);
      sum += samples[p] * static_cast<double>(value);
    }
    const auto rounded = static_cast<float>(sum / all);
    std::memcpy(mean + i * sizeof rounded, &rounded, sizeof rounded);
  }
}

std::size_t combine(const Combination& how, const GradientParts& parts,
                    const std::vector<double>& samples, std::size_t count, std::uint8_t* result) {
  switch (how.kind) {
    case Combination::Kind::add_parts:
      return add_parts(parts, count, how.value_bytes, result);
    case Combination::Kind::average:
      average(parts, samples, count, result);
      break;
    case Combination::Kind::none:
      break;
  }
  return count;
}

}  // namespace h2
