// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/slopes.h"

#include <algorithm>
#include <cmath>

#include "modules/arithmetic/fp16.h"

namespace h2 {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kFastSlope = 25;

/// The curve at z, -1 and 1 being the ends of the mask.
double curve(Surrogate surrogate, double z) {
  switch (surrogate) {
    case Surrogate::triangle:
      return 1 - std::abs(z);
    case Surrogate::atan:
      return 1 / (1 + kPi * z * kPi * z);
    case Surrogate::fast_sigmoid:
      return 1 / ((1 + kFastSlope * std::abs(z)) * (1 + kFastSlope * std::abs(z)));
    case Surrogate::rectangle:
      break;
  }
  return 1;
}

}  // namespace

Slopes::Slopes(const NeuronSpec& neuron, Numerics numerics)
    : numerics_(numerics),
      low_(round(neuron.th_l)),
      scale_(round(kEntries / round(round(neuron.th_r) - low_))) {
  for (int i = 0; i < kEntries; ++i) {
    const double middle = (2.0 * i + 1) / kEntries - 1;
    const float value = round_fp16(static_cast<float>(curve(neuron.surrogate, middle)));
    entries_[static_cast<std::size_t>(i)] = round(value * round(neuron.beta));
  }
}

float Slopes::round(float value) const {
  return numerics_ == Numerics::fp16 ? round_fp16(value) : value;
}

float Slopes::at(float u) const {
  const float place = round(round(u - low_) * scale_);
  return entry(std::clamp(static_cast<int>(place), 0, kEntries - 1));
}

}  // namespace h2
