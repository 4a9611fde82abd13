// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/sata_array.h"

#include <algorithm>
#include <utility>

#include "modules/base/ceil_div.h"

namespace h2 {
namespace {

int padded(int channels) { return ceil_div(channels, kLanes) * kLanes; }

/// Calls visit(c) for every set bit c of [c0, c1), ascending.
template <class Visit>
void for_ones(const std::uint16_t* words, int c0, int c1, Visit visit) {
  for (int word = c0 / 16; word * 16 < c1; ++word) {
    for (unsigned ones = words[word]; ones != 0; ones &= ones - 1) {
      const int c = word * 16 + __builtin_ctz(ones);
      if (c >= c0 && c < c1) visit(c);
    }
  }
}

bool any_value(const float* values, int count) {
  return std::any_of(values, values + count, [](float v) { return v != 0; });
}

}  // namespace

SataForward::SataForward(Layer layer, Numerics numerics)
    : layer_(std::move(layer)), ops_(selected_ops(numerics)) {}

void SataForward::load(const float* oihw, int k0, int k1) {
  k0_ = k0;
  outputs_ = k1 - k0;
  pitch_ = padded(outputs_);
  const int window = layer_.cin * layer_.taps();
  weights_.assign(static_cast<std::size_t>(window) * pitch_, 0.0F);
  for (int k = 0; k < outputs_; ++k) {
    const float* from = oihw + static_cast<std::size_t>(k0 + k) * window;
    for (int i = 0; i < window; ++i) weights_[static_cast<std::size_t>(i) * pitch_ + k] = from[i];
  }
}

void SataForward::run(const BitMap& input, Region region, ValueMap& sums) const {
  const std::size_t room = static_cast<std::size_t>(layer_.planes) * pitch_;
  std::vector<float> planes(room), joined(pitch_);
  for (int map = 0; map < input.maps; ++map)
    for (int y = region.y0; y < region.y1; ++y)
      for (int x = region.x0; x < region.x1; ++x) {
        std::fill(planes.begin(), planes.end(), 0.0F);
        add_window(input, map, y, x, planes.data());
        const float* sum = planes.data();
        if (layer_.planes > 1) {
          ops_.combine_planes(planes.data(), pitch_, layer_.planes, layer_.plane_value(0),
                              joined.data(), pitch_);
          sum = joined.data();
        }
        std::copy_n(sum, outputs_, sums.at(map, y, x) + k0_);
      }
}

void SataForward::add_window(const BitMap& input, int map, int y, int x, float* planes) const {
  const int k = layer_.kernel, taps = layer_.taps(), stars = layer_.cin_star();
  const std::uint16_t* at[31 * 31];  // the largest kernel of a network table
  for (int tap = 0; tap < taps; ++tap) {
    const int iy = y * layer_.stride - layer_.pad + tap / k;
    const int ix = x * layer_.stride - layer_.pad + tap % k;
    const bool inside = iy >= 0 && iy < layer_.in_h && ix >= 0 && ix < layer_.in_w;
    at[tap] = inside ? input.at(map, iy, ix) : nullptr;
  }
  for (int word = 0; word * 16 < stars; ++word) {
    unsigned any = 0;
    for (int tap = 0; tap < taps; ++tap) any |= at[tap] != nullptr ? at[tap][word] : 0U;
    for (; any != 0; any &= any - 1) {
      const int bit = __builtin_ctz(any), star = word * 16 + bit;
      const float* rows = &weights_[static_cast<std::size_t>(star / layer_.planes) * taps * pitch_];
      float* sum = planes + static_cast<std::size_t>(star % layer_.planes) * pitch_;
      for (int tap = 0; tap < taps; ++tap) {
        if (at[tap] == nullptr || (at[tap][word] >> bit & 1U) == 0) continue;
        ops_.add(rows + static_cast<std::size_t>(tap) * pitch_, sum, outputs_);
      }
    }
  }
}

SataBackward::SataBackward(const Layer& above, int height, int width, Numerics numerics)
    : layer_(above),
      height_(height),
      width_(width),
      fully_(above.kind == LayerKind::fc),
      ops_(selected_ops(numerics)),
      places_(fully_ ? height * width : above.taps()) {}

void SataBackward::load(const float* oihw, int c0, int c1) {
  c0_ = c0;
  count_ = c1 - c0;
  weights_.resize(static_cast<std::size_t>(places_) * layer_.cout * count_);
  // Flattened inputs are in C,H,W order: in both kinds a channel's places lie side by side.
  const std::size_t row = static_cast<std::size_t>(channels()) * places_;
  for (int k = 0; k < layer_.cout; ++k)
    for (int c = 0; c < count_; ++c)
      for (int place = 0; place < places_; ++place) {
        weights_[(static_cast<std::size_t>(place) * layer_.cout + k) * count_ + c] =
            oihw[k * row + static_cast<std::size_t>(c0 + c) * places_ + place];
      }
}

void SataBackward::find_taps(const ValueMap& grad_u, int map, int y, int x,
                             std::vector<Tap>& taps) const {
  taps.clear();
  if (fully_) {
    taps.push_back({grad_u.at(map, 0, 0), y * width_ + x});
    return;
  }
  for (int tap = 0; tap < layer_.taps(); ++tap) {
    const int oy = y + layer_.pad - tap / layer_.kernel;
    const int ox = x + layer_.pad - tap % layer_.kernel;
    if (oy < 0 || ox < 0 || oy % layer_.stride != 0 || ox % layer_.stride != 0) continue;
    const int sy = oy / layer_.stride, sx = ox / layer_.stride;
    if (sy < layer_.out_h && sx < layer_.out_w) taps.push_back({grad_u.at(map, sy, sx), tap});
  }
}

void SataBackward::run(const ValueMap& grad_u, Region region, ValueMap& sums) const {
  std::vector<Tap> taps;
  std::vector<float> product(count_);
  for (int map = 0; map < grad_u.maps; ++map)
    for (int y = region.y0; y < region.y1; ++y)
      for (int x = region.x0; x < region.x1; ++x) {
        float* sum = sums.at(map, y, x) + c0_;
        std::fill_n(sum, count_, 0.0F);
        find_taps(grad_u, map, y, x, taps);
        for (int k = 0; k < layer_.cout; ++k)
          for (const Tap& tap : taps) {
            const float g = tap.grad[k];
            if (g == 0) continue;
            const std::size_t row = static_cast<std::size_t>(tap.place) * layer_.cout + k;
            ops_.scale(&weights_[row * count_], g, product.data(), count_);
            ops_.add(product.data(), sum, count_);
          }
      }
}

SataWeightGradient::SataWeightGradient(Layer layer, Numerics numerics)
    : layer_(std::move(layer)), ops_(selected_ops(numerics)) {}

void SataWeightGradient::run(const BitMap& input, const ValueMap& grad_u, int batch, int steps,
                             const Part& part, float* oihw) const {
  const int outputs = part.k1 - part.k0, rows = (part.c1 - part.c0) * layer_.taps();
  const int planes = layer_.planes, input_steps = input.maps / batch;
  Sums sums;
  sums.pitch = padded(outputs);
  sums.plane = static_cast<std::size_t>(rows) * sums.pitch;
  sums.values.resize(sums.plane * planes);
  RawVector<float> joined(planes > 1 ? sums.plane : 0);
  std::vector<float> total(sums.plane);
  for (int b = 0; b < batch; ++b) {
    std::fill(sums.values.begin(), sums.values.end(), 0.0F);
    for (int t = 0; t < steps; ++t) {
      const int map = b * input_steps + (input_steps > 1 ? t : 0);
      for (int y = 0; y < layer_.out_h; ++y)
        for (int x = 0; x < layer_.out_w; ++x) {
          const float* grad = grad_u.at(b * steps + t, y, x) + part.k0;
          if (any_value(grad, outputs)) add_position(input, map, y, x, grad, part, sums);
        }
    }
    if (planes > 1) {
      ops_.combine_planes(sums.values.data(), sums.plane, planes, layer_.plane_value(0),
                          joined.data(), sums.plane);
    }
    ops_.add(planes > 1 ? joined.data() : sums.values.data(), total.data(), sums.plane);
  }
  for (int k = 0; k < outputs; ++k) {
    float* to = oihw + (static_cast<std::size_t>(part.k0 + k) * layer_.cin + part.c0) *
                           static_cast<std::size_t>(layer_.taps());
    for (int i = 0; i < rows; ++i) to[i] = total[static_cast<std::size_t>(i) * sums.pitch + k];
  }
}

void SataWeightGradient::add_position(const BitMap& input, int map, int y, int x, const float* grad,
                                      const Part& part, Sums& sums) const {
  const int taps = layer_.taps(), planes = layer_.planes;
  for (int tap = 0; tap < taps; ++tap) {
    const int iy = y * layer_.stride - layer_.pad + tap / layer_.kernel;
    const int ix = x * layer_.stride - layer_.pad + tap % layer_.kernel;
    if (iy < 0 || iy >= layer_.in_h || ix < 0 || ix >= layer_.in_w) continue;
    for_ones(input.at(map, iy, ix), part.c0 * planes, part.c1 * planes, [&](int star) {
      const int c = star / planes - part.c0;
      const std::size_t row = static_cast<std::size_t>(c) * taps + tap;
      ops_.add(grad, &sums.values[star % planes * sums.plane + row * sums.pitch],
               part.k1 - part.k0);
    });
  }
}

}  // namespace h2
