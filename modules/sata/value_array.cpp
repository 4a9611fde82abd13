// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/value_array.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "modules/base/ceil_div.h"

namespace h2 {

SataProducts::SataProducts(Layer layer, Numerics numerics)
    : layer_(std::move(layer)), ops_(selected_ops(numerics)) {}

void SataProducts::load(const float* oihw, int k0, int k1) {
  k0_ = k0;
  outputs_ = k1 - k0;
  pitch_ = ceil_div(outputs_, kLanes) * kLanes;
  const int window = layer_.cin * layer_.taps();
  weights_.assign(static_cast<std::size_t>(window) * pitch_, 0.0F);
  for (int k = 0; k < outputs_; ++k) {
    const float* from = oihw + static_cast<std::size_t>(k0 + k) * window;
    for (int i = 0; i < window; ++i) weights_[static_cast<std::size_t>(i) * pitch_ + k] = from[i];
  }
}

const float* SataProducts::under(const ValueMap& input, int map, int y, int x, int tap) const {
  const int iy = y * layer_.stride - layer_.pad + tap / layer_.kernel;
  const int ix = x * layer_.stride - layer_.pad + tap % layer_.kernel;
  const bool inside = iy >= 0 && iy < layer_.in_h && ix >= 0 && ix < layer_.in_w;
  return inside ? input.at(map, iy, ix) : nullptr;
}

void SataProducts::run(const ValueMap& input, Region region, ValueMap& sums) const {
  const int taps = layer_.taps();
  std::vector<const float*> at(static_cast<std::size_t>(taps));
  std::vector<float> product(static_cast<std::size_t>(outputs_));
  for (int map = 0; map < input.maps; ++map)
    for (int y = region.y0; y < region.y1; ++y)
      for (int x = region.x0; x < region.x1; ++x) {
        float* sum = sums.at(map, y, x) + k0_;
        std::fill_n(sum, outputs_, 0.0F);
        for (int tap = 0; tap < taps; ++tap) at[tap] = under(input, map, y, x, tap);
        for (int c = 0; c < layer_.cin; ++c)
          for (int tap = 0; tap < taps; ++tap) {
            if (at[tap] == nullptr || at[tap][c] == 0) continue;
            const std::size_t row = static_cast<std::size_t>(c) * taps + tap;
            ops_.scale(&weights_[row * pitch_], at[tap][c], product.data(), outputs_);
            ops_.add(product.data(), sum, outputs_);
          }
      }
}

void SataProducts::weight_gradient(const ValueMap& input, const ValueMap& grad_u,
                                   const SataWeightGradient::Part& part, float* oihw) const {
  const int outputs = part.k1 - part.k0, inputs = part.c1 - part.c0, taps = layer_.taps();
  const std::size_t rows = static_cast<std::size_t>(inputs) * taps;
  std::vector<float> sums(rows * outputs), total(rows * outputs),
      product(static_cast<std::size_t>(outputs));
  for (int map = 0; map < input.maps; ++map) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (int y = 0; y < layer_.out_h; ++y)
      for (int x = 0; x < layer_.out_w; ++x) {
        const float* grad = grad_u.at(map, y, x) + part.k0;
        if (std::all_of(grad, grad + outputs, [](float g) { return g == 0; })) continue;
        for (int tap = 0; tap < taps; ++tap) {
          const float* values = under(input, map, y, x, tap);
          for (int c = 0; values != nullptr && c < inputs; ++c) {
            const float value = values[part.c0 + c];
            if (value == 0) continue;
            ops_.scale(grad, value, product.data(), outputs);
            ops_.add(product.data(), &sums[(static_cast<std::size_t>(c) * taps + tap) * outputs],
                     outputs);
          }
        }
      }
    ops_.add(sums.data(), total.data(), sums.size());
  }
  for (int k = 0; k < outputs; ++k) {
    float* to = oihw + (static_cast<std::size_t>(part.k0 + k) * layer_.cin + part.c0) * taps;
    for (std::size_t i = 0; i < rows; ++i) to[i] = total[i * outputs + k];
  }
}

RangeCount relu(bool linear, const ValueMap& sums, Region region, int c0, int c1,
                ValueMap& activations, BitMap& nonzero, BitMap& open) {
  RangeCount range;
  for (int map = 0; map < sums.maps; ++map)
    for (int y = region.y0; y < region.y1; ++y)
      for (int x = region.x0; x < region.x1; ++x) {
        const float* sum = sums.at(map, y, x);
        float* value = activations.at(map, y, x);
        for (int c = c0; c < c1; ++c) {
          const bool passes = linear || sum[c] > 0;
          value[c] = passes ? sum[c] : 0.0F;
          nonzero.set(map, y, x, c, value[c] != 0);
          open.set(map, y, x, c, passes);
          range.overflows += std::isfinite(sum[c]) ? 0 : 1;
        }
      }
  if (range.overflows != 0) range.overflow_step = 1;
  return range;
}

}  // namespace h2
