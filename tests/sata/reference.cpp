// SPDX-License-Identifier: Apache-2.0
#include "tests/sata/reference.h"

#include "modules/arithmetic/fp16.h"

namespace h2::sata_reference {
namespace {

struct Rounding {
  Numerics numerics;
  float operator()(float value) const {
    return numerics == Numerics::fp16 ? round_fp16(value) : value;
  }
};

/// Sums of bit planes, each times what its spikes count, ascending.
float joined(const std::vector<float>& planes, const Layer& l, Rounding rnd) {
  if (planes.size() == 1) return planes[0];
  float sum = 0;
  for (int p = 0; p < l.planes; ++p) sum = rnd(sum + rnd(planes[p] * l.plane_value(p)));
  return sum;
}

bool spike(const BitMap& input, int map, int y, int x, int star) {
  return y >= 0 && y < input.height && x >= 0 && x < input.width && input.get(map, y, x, star);
}

float weight(const Layer& l, const std::vector<float>& oihw, int k, int c, int tap) {
  return oihw[(static_cast<std::size_t>(k) * l.cin + c) * l.taps() + tap];
}

}  // namespace

ValueMap forward_sums(const Layer& l, Numerics numerics, const std::vector<float>& oihw,
                      const BitMap& input) {
  const Rounding rnd{numerics};
  ValueMap sums(input.maps, l.out_h, l.out_w, l.cout);
  for (int map = 0; map < input.maps; ++map)
    for (int y = 0; y < l.out_h; ++y)
      for (int x = 0; x < l.out_w; ++x)
        for (int k = 0; k < l.cout; ++k) {
          std::vector<float> planes(l.planes, 0.0F);
          for (int c = 0; c < l.cin; ++c)
            for (int r = 0; r < l.kernel; ++r)
              for (int s = 0; s < l.kernel; ++s)
                for (int p = 0; p < l.planes; ++p) {
                  const bool on = spike(input, map, y * l.stride - l.pad + r,
                                        x * l.stride - l.pad + s, c * l.planes + p);
                  const float w = weight(l, oihw, k, c, r * l.kernel + s);
                  planes[p] = rnd(planes[p] + (on ? w : 0.0F));
                }
          sums.at(map, y, x)[k] = joined(planes, l, rnd);
        }
  return sums;
}

ValueMap backward_sums(const Layer& l, int height, int width, Numerics numerics,
                       const std::vector<float>& oihw, const ValueMap& grad_u) {
  const Rounding rnd{numerics};
  const bool fully = l.kind == LayerKind::fc;
  const int channels = fully ? l.cin / (height * width) : l.cin;
  ValueMap sums(grad_u.maps, height, width, channels);
  for (int map = 0; map < grad_u.maps; ++map)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int c = 0; c < channels; ++c) {
          float sum = 0;
          for (int k = 0; k < l.cout; ++k) {
            if (fully) {
              const float w = weight(l, oihw, k, (c * height + y) * width + x, 0);
              sum = rnd(sum + rnd(grad_u.at(map, 0, 0)[k] * w));
              continue;
            }
            for (int r = 0; r < l.kernel; ++r)
              for (int s = 0; s < l.kernel; ++s) {
                const int oy = y + l.pad - r, ox = x + l.pad - s;
                const bool hits = oy >= 0 && ox >= 0 && oy % l.stride == 0 && ox % l.stride == 0 &&
                                  oy / l.stride < l.out_h && ox / l.stride < l.out_w;
                const float g = hits ? grad_u.at(map, oy / l.stride, ox / l.stride)[k] : 0.0F;
                sum = rnd(sum + rnd(g * weight(l, oihw, k, c, r * l.kernel + s)));
              }
          }
          sums.at(map, y, x)[c] = sum;
        }
  return sums;
}

std::vector<float> weight_gradient(const Layer& l, Numerics numerics, int batch, int steps,
                                   const BitMap& input, const ValueMap& grad_u) {
  const Rounding rnd{numerics};
  std::vector<float> result;
  for (int k = 0; k < l.cout; ++k)
    for (int c = 0; c < l.cin; ++c)
      for (int r = 0; r < l.kernel; ++r)
        for (int s = 0; s < l.kernel; ++s) {
          float total = 0;
          for (int b = 0; b < batch; ++b) {
            std::vector<float> planes(l.planes, 0.0F);
            for (int t = 0; t < steps; ++t)
              for (int y = 0; y < l.out_h; ++y)
                for (int x = 0; x < l.out_w; ++x)
                  for (int p = 0; p < l.planes; ++p) {
                    const int map = input.maps == batch ? b : b * steps + t;
                    const bool on = spike(input, map, y * l.stride - l.pad + r,
                                          x * l.stride - l.pad + s, c * l.planes + p);
                    const float g = grad_u.at(b * steps + t, y, x)[k];
                    planes[p] = rnd(planes[p] + (on ? g : 0.0F));
                  }
            total = rnd(total + joined(planes, l, rnd));
          }
          result.push_back(total);
        }
  return result;
}

}  // namespace h2::sata_reference
