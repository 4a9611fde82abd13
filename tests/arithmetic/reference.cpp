// SPDX-License-Identifier: Apache-2.0
#include "tests/arithmetic/reference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "modules/arithmetic/fp16.h"

namespace h2::reference {
namespace {

class Arithmetic {
 public:
  explicit Arithmetic(Numerics numerics) : fp16_(numerics == Numerics::fp16) {}
  float round(float value) const { return fp16_ ? round_fp16(value) : value; }
  float add(float a, float b) const { return round(a + b); }
  float multiply(float a, float b) const { return round(a * b); }

  /// Pairwise, level by level; an odd value passes on.
  float tree(std::vector<float> values) const {
    while (values.size() > 1) {
      std::vector<float> next;
      for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
        next.push_back(add(values[i], values[i + 1]));
      }
      if (values.size() % 2 != 0) next.push_back(values.back());
      values = next;
    }
    return values.front();
  }

 private:
  bool fp16_;
};

/// Section 2: what a spike of plane p counts.
float plane_value(const Layer& layer, int p) {
  const int bits = layer.planes == 8 ? 8 : layer.planes == 3 ? 2 : 0;
  return std::ldexp(1.0F, p - bits);
}

/// The constant input is 1, in its last plane.
float star_value(const Layer& layer, int star) {
  const bool constant = layer.bias && star / layer.planes == layer.cin - 1;
  return constant ? 1.0F : plane_value(layer, star % layer.planes);
}

bool spike_at(const BitMap& map, int m, int y, int x, int c) {
  return y >= 0 && y < map.height && x >= 0 && x < map.width && c < map.channels &&
         map.get(m, y, x, c);
}

/// Borders of an even split into tiles of at most `payload`, larger ones first.
std::vector<int> split(int length, int payload) {
  const int parts = (length + payload - 1) / payload;
  std::vector<int> at{0};
  for (int i = 0; i < parts; ++i)
    at.push_back(at.back() + (length - at.back()) / (parts - i) +
                 ((length - at.back()) % (parts - i) != 0 ? 1 : 0));
  return at;
}

/// Forward Engine, one output value.
struct ForwardPosition {
  const Layer& layer;
  const ForwardSpec& array;
  Arithmetic arithmetic;
  const std::vector<float>& oihw;
  const BitMap& input;
  int co, map, y, x;

  float weight(int star, int tap) const {
    const int c = star / layer.planes;
    return arithmetic.multiply(
        oihw[(static_cast<std::size_t>(co) * layer.cin + c) * layer.taps() + tap],
        star_value(layer, star));
  }
  bool spike(int star, int tap) const {
    return spike_at(input, map, y * layer.stride + tap / layer.kernel - layer.pad,
                    x * layer.stride + tap % layer.kernel - layer.pad, star);
  }
  /// One sub-LUT: taps first..first+count of channel* `star`.
  float sub_lut(int star, int first, int count) const {
    float entry = 0.0F;
    for (int tap = first; tap < std::min(first + count, layer.taps()); ++tap) {
      if (star < layer.cin_star() && spike(star, tap)) {
        entry = arithmetic.add(entry, weight(star, tap));
      }
    }
    return entry;
  }
  float conv() const {
    float psum = 0.0F;
    for (int c0 = 0; c0 < layer.cin_star(); c0 += array.rows) {
      for (int t0 = 0; t0 < layer.taps(); t0 += array.taps()) {
        std::vector<float> leaves;
        for (int r = 0; r < array.rows; ++r) {
          for (int s = 0; s < array.sub_luts; ++s) {
            leaves.push_back(sub_lut(c0 + r, t0 + s * array.sub_lut_inputs, array.sub_lut_inputs));
          }
        }
        psum = arithmetic.add(psum, arithmetic.tree(leaves));
      }
    }
    return psum;
  }
  float fc() const {
    float psum = 0.0F;
    const int width = array.rows * array.sub_luts;
    for (int c0 = 0; c0 < layer.cin_star(); c0 += width) {
      std::vector<float> leaves;
      for (int c = c0; c < c0 + width; ++c) {
        leaves.push_back(c < layer.cin_star() && spike(c, 0) ? weight(c, 0) : 0.0F);
      }
      psum = arithmetic.add(psum, arithmetic.tree(leaves));
    }
    return psum;
  }
};

}  // namespace

ValueMap forward_sums(const Layer& layer, const ForwardSpec& array, Numerics numerics,
                      const std::vector<float>& oihw, const BitMap& input) {
  const Arithmetic arithmetic(numerics);
  ValueMap sums(input.maps, layer.out_h, layer.out_w, layer.cout);
  for (int map = 0; map < input.maps; ++map) {
    for (int y = 0; y < layer.out_h; ++y) {
      for (int x = 0; x < layer.out_w; ++x) {
        for (int co = 0; co < layer.cout; ++co) {
          const ForwardPosition at{layer, array, arithmetic, oihw, input, co, map, y, x};
          sums.at(map, y, x)[co] = layer.kind == LayerKind::fc ? at.fc() : at.conv();
        }
      }
    }
  }
  return sums;
}

ValueMap backward_sums(const Layer& above, const BackwardSpec& array, Numerics numerics,
                       const std::vector<float>& oihw, const ValueMap& grad_u) {
  const Arithmetic arithmetic(numerics);
  const int k = above.kernel;
  const auto stuffed = [&](int map, int y, int x, int co) {
    const bool inside = y >= 0 && x >= 0 && y % above.stride == 0 && x % above.stride == 0 &&
                        y / above.stride < above.out_h && x / above.stride < above.out_w;
    return inside ? grad_u.at(map, y / above.stride, x / above.stride)[co] : 0.0F;
  };
  const auto output = [&](int map, int y, int x, int ci) {
    float psum = 0.0F;
    for (int co0 = 0; co0 < above.cout; co0 += array.rows) {
      std::vector<float> rows;
      for (int co = co0; co < co0 + array.rows; ++co) {
        float acc = 0.0F;
        for (int id = 0; id < k * k && co < above.cout; ++id) {
          const int j = id / k, i = id % k;
          const std::size_t w =
              (static_cast<std::size_t>(co) * above.cin + ci) * k * k + (k - 1 - j) * k + k - 1 - i;
          const int pad = k - 1 - above.pad;
          acc = arithmetic.add(
              acc, arithmetic.multiply(stuffed(map, y - pad + j, x - pad + i, co), oihw[w]));
        }
        rows.push_back(acc);
      }
      psum = arithmetic.add(psum, arithmetic.tree(rows));
    }
    return psum;
  };
  const int inputs = above.cin - (above.bias ? 1 : 0);
  ValueMap sums(grad_u.maps, above.in_h, above.in_w, inputs);
  for (int map = 0; map < grad_u.maps; ++map) {
    for (int y = 0; y < above.in_h; ++y) {
      for (int x = 0; x < above.in_w; ++x) {
        for (int ci = 0; ci < inputs; ++ci) sums.at(map, y, x)[ci] = output(map, y, x, ci);
      }
    }
  }
  return sums;
}

namespace {

/// Weight Update Engine: the plane sum of one weight.
struct PlaneSum {
  const Layer& layer;
  const WeightUpdateSpec& array;
  TileSpec tile;
  Arithmetic arithmetic;
  int batch, steps;
  const BitMap& input;
  const ValueMap& grad_u;
  int co, star, tap;

  float product(int sample, int t, int y, int x) const {
    const int in_map = input.maps == batch ? sample : sample * steps + t;
    const bool spike = spike_at(input, in_map, y * layer.stride + tap / layer.kernel - layer.pad,
                                x * layer.stride + tap % layer.kernel - layer.pad, star);
    return spike ? grad_u.at(sample * steps + t, y, x)[co] : 0.0F;
  }
  float conv() const {
    const std::vector<int> ys = split(layer.out_h, tile.height);
    const std::vector<int> xs = split(layer.out_w, tile.width);
    float acc = 0.0F;
    for (int sample = 0; sample < batch; ++sample) {
      for (std::size_t ty = 0; ty + 1 < ys.size(); ++ty) {
        for (std::size_t tx = 0; tx + 1 < xs.size(); ++tx) {
          acc = tile_sum(acc, sample, ys[ty], ys[ty + 1], xs[tx], xs[tx + 1]);
        }
      }
    }
    return acc;
  }
  float tile_sum(float acc, int sample, int y0, int y1, int x0, int x1) const {
    const int width = x1 - x0;
    const int area = (y1 - y0) * width;
    for (int t0 = 0; t0 < steps; t0 += array.rows) {
      for (int q0 = 0; q0 < area; q0 += array.positions()) {
        std::vector<float> leaves;
        for (int t = t0; t < t0 + array.rows; ++t) {
          for (int s = 0; s < array.sub_luts; ++s) {
            float entry = 0.0F;
            for (int i = 0; i < array.sub_lut_inputs; ++i) {
              const int q = q0 + s * array.sub_lut_inputs + i;
              if (t >= steps || q >= area) continue;
              entry = arithmetic.add(entry, product(sample, t, y0 + q / width, x0 + q % width));
            }
            leaves.push_back(entry);
          }
        }
        acc = arithmetic.add(acc, arithmetic.tree(leaves));
      }
    }
    return acc;
  }
  float fc() const {
    float acc = 0.0F;
    for (int b0 = 0; b0 < batch; b0 += array.sub_luts) {
      for (int t0 = 0; t0 < steps; t0 += array.rows) {
        std::vector<float> leaves;
        for (int t = t0; t < t0 + array.rows; ++t) {
          for (int b = b0; b < b0 + array.sub_luts; ++b) {
            leaves.push_back(t < steps && b < batch ? product(b, t, 0, 0) : 0.0F);
          }
        }
        acc = arithmetic.add(acc, arithmetic.tree(leaves));
      }
    }
    return acc;
  }
};

}  // namespace

std::vector<float> weight_gradient(const Layer& layer, const WeightUpdateSpec& array, TileSpec tile,
                                   Numerics numerics, int batch, int steps, const BitMap& input,
                                   const ValueMap& grad_u) {
  const Arithmetic arithmetic(numerics);
  std::vector<float> oihw(layer.weight_count());
  for (int co = 0; co < layer.cout; ++co) {
    for (int ci = 0; ci < layer.cin; ++ci) {
      for (int tap = 0; tap < layer.taps(); ++tap) {
        float g = 0.0F;
        for (int p = 0; p < layer.planes; ++p) {
          const PlaneSum sum{layer, array, tile,   arithmetic, batch,
                             steps, input, grad_u, co,         ci * layer.planes + p,
                             tap};
          const float acc = layer.kind == LayerKind::fc ? sum.fc() : sum.conv();
          g = arithmetic.add(g, arithmetic.multiply(plane_value(layer, p), acc));
        }
        if (layer.bias && ci == layer.cin - 1) {
          const float counted = plane_value(layer, layer.planes - 1);
          g = tap == layer.taps() / 2 ? arithmetic.round(g / counted) : 0.0F;
        }
        oihw[(static_cast<std::size_t>(co) * layer.cin + ci) * layer.taps() + tap] = g;
      }
    }
  }
  return oihw;
}

namespace {

/// What a spike takes from the decayed potential with a soft reset.
float taken(const NeuronSpec& neuron, const Arithmetic& a) {
  const float th_f = a.round(neuron.th_f);
  if (neuron.reset == Reset::soft) return a.multiply(a.round(neuron.alpha), th_f);
  return neuron.reset == Reset::soft_after_decay ? th_f : 0.0F;
}

/// Section 6: the table's entry for a potential inside the mask.
float slope(const NeuronSpec& neuron, const Arithmetic& a, float u) {
  if (neuron.surrogate == Surrogate::rectangle) return a.round(neuron.beta);
  const float low = a.round(neuron.th_l), width = a.round(a.round(neuron.th_r) - low);
  const float place = a.multiply(a.round(u - low), a.round(64.0F / width));
  const int i = std::min(63, static_cast<int>(place));
  const double z = (i + 0.5) / 32 - 1;
  double curve = 1 - std::abs(z);
  if (neuron.surrogate == Surrogate::atan) {
    const double x = std::acos(-1.0) * z;
    curve = 1 / (1 + x * x);
  } else if (neuron.surrogate == Surrogate::fast_sigmoid) {
    curve = std::pow(1 + 25 * std::abs(z), -2);
  }
  return a.multiply(round_fp16(static_cast<float>(curve)), a.round(neuron.beta));
}

}  // namespace

Potentials soma(const NeuronSpec& neuron, Numerics numerics, int batch, int steps,
                const ValueMap& sums) {
  const Arithmetic a(numerics);
  const float reset = -taken(neuron, a);
  const int maps = batch * steps;
  const int h = sums.height, w = sums.width, channels = sums.channels;
  Potentials out{ValueMap(maps, h, w, channels), BitMap(maps, h, w, channels),
                 BitMap(maps, h, w, channels)};
  for (int i = 0; i < batch * h * w * channels; ++i) {
    const int c = i % channels, x = i / channels % w, y = i / channels / w % h;
    const int sample = i / channels / w / h;
    float u = 0.0F;
    bool spike = false;
    for (int t = 0; t < steps; ++t) {
      const int map = sample * steps + t;
      const float spatial = sums.at(sums.maps == batch ? sample : map, y, x)[c];
      float leak = a.multiply(a.round(neuron.alpha), u);
      if (neuron.reset == Reset::hard) {
        leak = spike ? 0.0F : leak;
      } else {
        leak = a.add(leak, spike ? reset : 0.0F);
      }
      u = a.add(leak, spatial);
      spike = u >= a.round(neuron.th_f);
      out.u.at(map, y, x)[c] = u;
      out.spikes.set(map, y, x, c, spike);
      out.mask.set(map, y, x, c, u > a.round(neuron.th_l) && u < a.round(neuron.th_r));
    }
  }
  return out;
}

ValueMap grad(const NeuronSpec& neuron, Numerics numerics, PoolMode pool, int batch, int steps,
              const ValueMap& spatial, const ValueMap& u, const BitMap& spikes, const BitMap& mask,
              bool max_pool, const ValueMap* direct) {
  const Arithmetic a(numerics);
  const float alpha = a.round(neuron.alpha);
  const int h = u.height, w = u.width, channels = u.channels;
  ValueMap out(u.maps, h, w, channels);
  const auto spatial_term = [&](int map, int y, int x, int c) {
    if (pool != PoolMode::after_soma) return spatial.at(map, y, x)[c];
    const bool inside = y / 2 < spatial.height && x / 2 < spatial.width;
    if (inside && max_pool) {
      int first = 0;  // of the window, row by row
      for (int k = 3; k >= 0; --k) {
        if (spikes.get(map, y / 2 * 2 + k / 2, x / 2 * 2 + k % 2, c)) first = k;
      }
      return first == y % 2 * 2 + x % 2 ? spatial.at(map, y / 2, x / 2)[c] : 0.0F;
    }
    return inside ? a.multiply(spatial.at(map, y / 2, x / 2)[c], 0.25F) : 0.0F;
  };
  for (int i = 0; i < batch * h * w * channels; ++i) {
    const int c = i % channels, x = i / channels % w, y = i / channels / w % h;
    const int sample = i / channels / w / h;
    float next = 0.0F;
    for (int t = steps - 1; t >= 0; --t) {
      const int map = sample * steps + t;
      const bool soft = neuron.reset != Reset::hard;
      const bool stops = !soft && spikes.get(map, y, x, c);
      const float leak = stops ? 0.0F : a.multiply(next, alpha);
      float fired = 0.0F;
      if (mask.get(map, y, x, c)) {
        const float at = u.at(map, y, x)[c];
        const float reset = a.multiply(next, soft ? -taken(neuron, a) : a.multiply(-alpha, at));
        fired = a.multiply(a.add(reset, spatial_term(map, y, x, c)), slope(neuron, a, at));
      }
      next = a.add(leak, fired);
      if (direct != nullptr) next = a.add(next, direct->at(map, y, x)[c]);
      out.at(map, y, x)[c] = next;
    }
  }
  return out;
}

}  // namespace h2::reference
