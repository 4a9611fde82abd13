// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/normalise.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "modules/arithmetic/simd/isa.h"

namespace h2 {
namespace {

/// Rounds `count` values to the stored numbers.
class Rounding {
 public:
  Rounding(Numerics numerics, int count)
      : half_(numerics == Numerics::fp16),
        ops_(selected_ops(Numerics::fp16)),
        bytes_(half_ ? static_cast<std::size_t>(count) * 2 : 0) {}

  void operator()(const float* from, float* to, int count) {
    const auto n = static_cast<std::size_t>(count);
    if (!half_) {
      std::copy_n(from, n, to);
      return;
    }
    ops_.to_half(from, bytes_.data(), n, 1, 0);
    ops_.from_half(bytes_.data(), to, n, 1, 0);
  }

 private:
  bool half_;
  const VectorOps& ops_;
  std::vector<std::uint8_t> bytes_;
};

/// Calls body(map, y, x): all positions of the region of one map after another.
template <class Body>
void for_all(int maps, Region region, Body body) {
  for (int map = 0; map < maps; ++map) {
    for (int y = region.y0; y < region.y1; ++y) {
      for (int x = region.x0; x < region.x1; ++x) body(map, y, x);
    }
  }
}

/// Sums of one region, which begin at +0.
class RegionSums {
 public:
  explicit RegionSums(int channels)
      : first_(static_cast<std::size_t>(channels)), second_(first_.size()) {}

  float* first() { return first_.data(); }
  float* second() { return second_.data(); }
  void add_to(const ChannelSums& sums, int c0) const {
    for (std::size_t i = 0; i < first_.size(); ++i) {
      sums.first[static_cast<std::size_t>(c0) + i] += first_[i];
      sums.second[static_cast<std::size_t>(c0) + i] += second_[i];
    }
  }

 private:
  std::vector<float> first_, second_;
};

float inverse_deviation(float variance) { return 1.0F / std::sqrt(variance + kNormEpsilon); }

/// 1 / sqrt(variance + epsilon) of channels c0..c1-1.
std::vector<float> inverse_deviations(const Norm& norm, int c0, int c1) {
  std::vector<float> inverse;
  for (int c = c0; c < c1; ++c) inverse.push_back(inverse_deviation(norm.variance[c]));
  return inverse;
}

void mark_nonzero(const float* values, int c0, int c1, std::uint16_t* words) {
  for (int c = c0; c < c1; ++c) {
    const auto bit = static_cast<std::uint16_t>(1U << (c % 16));
    if (values[c - c0] != 0.0F) {
      words[c / 16] = static_cast<std::uint16_t>(words[c / 16] | bit);
    } else {
      words[c / 16] = static_cast<std::uint16_t>(words[c / 16] & ~bit);
    }
  }
}

}  // namespace

void add_currents(const ValueMap& currents, Region region, int c0, int c1,
                  const ChannelSums& sums) {
  RegionSums own(c1 - c0);
  float *first = own.first(), *second = own.second();
  for_all(currents.maps, region, [&](int map, int y, int x) {
    const float* values = currents.at(map, y, x) + c0;
    for (int i = 0; i < c1 - c0; ++i) {
      first[i] += values[i];
      second[i] += values[i] * values[i];
    }
  });
  own.add_to(sums, c0);
}

void find_moments(const ChannelSums& sums, std::uint64_t count, int c0, int c1,
                  const Moments& moments) {
  const auto n = static_cast<float>(count);
  for (int c = c0; c < c1; ++c) {
    const float mean = sums.first[c] / n;
    moments.mean[c] = mean;
    const float variance = sums.second[c] / n - mean * mean;
    moments.variance[c] = variance < 0.0F ? 0.0F : variance;  // a NaN stays
  }
}

void normalise(const Norm& norm, Numerics numerics, const ValueMap& currents, Region region, int c0,
               int c1, ValueMap& to) {
  std::vector<float> factor = inverse_deviations(norm, c0, c1), row(factor.size());
  for (int c = c0; c < c1; ++c) factor[c - c0] = norm.gamma[c] * norm.scale * factor[c - c0];
  Rounding rounded(numerics, c1 - c0);
  for_all(currents.maps, region, [&](int map, int y, int x) {
    const float* from = currents.at(map, y, x) + c0;
    for (int i = 0; i < c1 - c0; ++i) {
      row[i] = (from[i] - norm.mean[c0 + i]) * factor[i] + norm.beta[c0 + i];
    }
    rounded(row.data(), to.at(map, y, x) + c0, c1 - c0);
  });
}

void add_gradients(const Norm& norm, const ValueMap& gradient, int steps, const ValueMap& currents,
                   Region region, int c0, int c1, const ChannelSums& sums) {
  const std::vector<float> inverse = inverse_deviations(norm, c0, c1);
  RegionSums own(c1 - c0);
  float *first = own.first(), *second = own.second();
  const int share = currents.maps == gradient.maps ? 1 : steps;
  for_all(gradient.maps, region, [&](int map, int y, int x) {
    const float* g = gradient.at(map, y, x) + c0;
    const float* value = currents.at(map / share, y, x) + c0;
    for (int i = 0; i < c1 - c0; ++i) {
      first[i] += g[i];
      second[i] += g[i] * ((value[i] - norm.mean[c0 + i]) * inverse[i]);
    }
  });
  own.add_to(sums, c0);
}

RangeCount gradient_of_currents(const Norm& norm, Numerics numerics, const ValueMap& gradient,
                                int steps, const ValueMap& currents, const ChannelSums& sums,
                                std::uint64_t count, Region region, int c0, int c1, ValueMap& to,
                                BitMap& nonzero) {
  const std::vector<float> inverse = inverse_deviations(norm, c0, c1);
  std::vector<float> factor(inverse.size()), mean_g(inverse.size()), mean_gx(inverse.size()),
      row(inverse.size());
  const auto n = static_cast<float>(count);
  for (int c = c0; c < c1; ++c) {
    factor[c - c0] = norm.gamma[c] * norm.scale * inverse[c - c0];
    mean_g[c - c0] = sums.first[c] / n;
    mean_gx[c - c0] = sums.second[c] / n;
  }
  Rounding rounded(numerics, c1 - c0);
  const int share = currents.maps == gradient.maps ? 1 : steps;
  RangeCount range;
  for_all(gradient.maps, region, [&](int map, int y, int x) {
    const float* g = gradient.at(map, y, x) + c0;
    const float* value = currents.at(map / share, y, x) + c0;
    for (int i = 0; i < c1 - c0; ++i) {
      const float xhat = (value[i] - norm.mean[c0 + i]) * inverse[i];
      row[i] = factor[i] * ((g[i] - mean_g[i]) - xhat * mean_gx[i]);
    }
    float* out = to.at(map, y, x) + c0;
    rounded(row.data(), out, c1 - c0);
    mark_nonzero(out, c0, c1, nonzero.at(map, y, x));
    const auto bad = std::count_if(out, out + (c1 - c0), [](float v) { return !std::isfinite(v); });
    if (bad == 0) return;
    range.overflows += static_cast<std::uint64_t>(bad);
    range.overflow_step = std::max(range.overflow_step, map % steps + 1);
  });
  return range;
}

void follow_moments(float mean, float variance, std::uint64_t count, float& running_mean,
                    float& running_variance) {
  const auto n = static_cast<float>(count);
  const float unbiased = count > 1 ? variance * (n / (n - 1.0F)) : variance;
  running_mean = running_mean + kNormMomentum * (mean - running_mean);
  running_variance = running_variance + kNormMomentum * (unbiased - running_variance);
}

}  // namespace h2
