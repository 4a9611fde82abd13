// SPDX-License-Identifier: Apache-2.0
#include "tests/arithmetic/norm_reference.h"

#include <cmath>

#include "modules/arithmetic/fp16.h"
#include "modules/network/tiling.h"

namespace h2::reference {
namespace {

float stored(Numerics numerics, float value) {
  return numerics == Numerics::fp16 ? round_fp16(value) : value;
}

float scale_of(const Layer& layer, Numerics numerics) {
  const float threshold = stored(numerics, layer.neuron.th_f);
  return layer.norm == BatchNormKind::tdbn_branch ? 0.70710678F * threshold : threshold;
}

float inverse(float variance) { return 1.0F / std::sqrt(variance + 1e-5F); }

/// Sum over all places of a map, tile by tile, each from 0. term(map, y, x).
template <class Term>
float sum_over(const ValueMap& map, TileSpec payload, Term term) {
  const Tiling tiles(map.height, map.width, payload);
  float all = 0;
  for (int t = 0; t < tiles.count(); ++t) {
    const Region r = tiles.tile(t);
    float own = 0;
    for (int m = 0; m < map.maps; ++m)
      for (int y = r.y0; y < r.y1; ++y)
        for (int x = r.x0; x < r.x1; ++x) own += term(m, y, x);
    all += own;
  }
  return all;
}

float places(const ValueMap& map) {
  return static_cast<float>(static_cast<double>(map.maps) * map.height * map.width);
}

}  // namespace

Moments moments(const ValueMap& currents, TileSpec tile) {
  Moments found;
  for (int c = 0; c < currents.channels; ++c) {
    const float n = places(currents);
    const auto value = [&](int m, int y, int x) { return currents.at(m, y, x)[c]; };
    const auto square = [&](int m, int y, int x) { return value(m, y, x) * value(m, y, x); };
    const float mean = sum_over(currents, tile, value) / n;
    const float variance = sum_over(currents, tile, square) / n - mean * mean;
    found.mean.push_back(mean);
    found.variance.push_back(std::fmax(variance, 0.0F));
  }
  return found;
}

ValueMap normalised(const Layer& layer, Numerics numerics, const Moments& of, const float* norm,
                    const ValueMap& currents) {
  ValueMap y = currents;
  for (int m = 0; m < y.maps; ++m)
    for (int row = 0; row < y.height; ++row)
      for (int column = 0; column < y.width; ++column)
        for (int c = 0; c < y.channels; ++c) {
          const float factor = norm[c] * scale_of(layer, numerics) * inverse(of.variance[c]);
          float& value = y.at(m, row, column)[c];
          value = stored(numerics, (value - of.mean[c]) * factor + norm[y.channels + c]);
        }
  return y;
}

NormGradient norm_gradient(const Layer& layer, Numerics numerics, const Moments& of,
                           const float* norm, const ValueMap& grad_u, const ValueMap& currents,
                           TileSpec tile) {
  const int steps = grad_u.maps / currents.maps;
  const float scale = scale_of(layer, numerics), n = places(grad_u);
  NormGradient result;
  result.currents = grad_u;
  for (int c = 0; c < grad_u.channels; ++c) {
    const auto xhat = [&](int m, int y, int x) {
      return (currents.at(m / steps, y, x)[c] - of.mean[c]) * inverse(of.variance[c]);
    };
    const float all =
        sum_over(grad_u, tile, [&](int m, int y, int x) { return grad_u.at(m, y, x)[c]; });
    const float along = sum_over(
        grad_u, tile, [&](int m, int y, int x) { return grad_u.at(m, y, x)[c] * xhat(m, y, x); });
    result.gamma.push_back(stored(numerics, scale * along));
    result.beta.push_back(stored(numerics, all));
    const float factor = norm[c] * scale * inverse(of.variance[c]);
    for (int m = 0; m < grad_u.maps; ++m)
      for (int y = 0; y < grad_u.height; ++y)
        for (int x = 0; x < grad_u.width; ++x) {
          float& g = result.currents.at(m, y, x)[c];
          g = stored(numerics, factor * ((g - all / n) - xhat(m, y, x) * (along / n)));
        }
  }
  return result;
}

float follow(float running, float found) { return running + 0.1F * (found - running); }

float unbiased(float variance, double values) {
  const auto n = static_cast<float>(values);
  return values > 1 ? variance * (n / (n - 1.0F)) : variance;
}

}  // namespace h2::reference
