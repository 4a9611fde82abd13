// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "modules/base/bits.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// Non-zeros among the elements of a tensor.
struct Density {
  std::uint64_t nonzeros = 0, elements = 0;

  Density& operator+=(const Density& o) {
    nonzeros += o.nonzeros;
    elements += o.elements;
    return *this;
  }
  double share() const {
    return elements != 0 ? static_cast<double>(nonzeros) / static_cast<double>(elements) : 0.0;
  }
};

/// Of one layer: spikes as it hands them on (pooled, if AP2 follows), mask of Eq. (5), grad-u of
/// Eq. (6). Without elements: not counted.
struct LayerDensities {
  Density spikes, mask, gradient;

  LayerDensities& operator+=(const LayerDensities& o) {
    spikes += o.spikes;
    mask += o.mask;
    gradient += o.gradient;
    return *this;
  }
};

inline Density density_of(const BitMap& bits) {
  Density d;
  for (const std::uint16_t word : bits.bits) d.nonzeros += count_ones(word);
  d.elements = static_cast<std::uint64_t>(bits.maps) * bits.height * bits.width * bits.channels;
  return d;
}

}  // namespace h2
