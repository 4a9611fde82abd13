// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "modules/arithmetic/neuron_spec.h"
#include "modules/base/numerics.h"

namespace h2 {

/// Grad's table of a surrogate that is no rectangle: FP16 slopes over the interval of the mask in
/// equal parts, which the potential addresses (decision 0055).
class Slopes {
 public:
  static constexpr int kEntries = 64;
  /// Widths of the interval that the address can be made for.
  static constexpr float kLeastWidth = 0.015625F, kMostWidth = 1024;

  Slopes(const NeuronSpec& neuron, Numerics numerics);

  /// Of a potential inside the mask.
  float at(float u) const;
  float entry(int index) const { return entries_[static_cast<std::size_t>(index)]; }

 private:
  float round(float value) const;

  Numerics numerics_;
  float low_, scale_;
  std::array<float, kEntries> entries_{};
};

}  // namespace h2
