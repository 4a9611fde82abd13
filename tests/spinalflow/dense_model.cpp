// SPDX-License-Identifier: Apache-2.0
#include "tests/spinalflow/dense_model.h"

#include <cmath>
#include <map>

namespace h2 {
namespace {

/// One output neuron of the dense model.
class DenseNeuron {
 public:
  explicit DenseNeuron(const SpinalNeuron& spec) : spec_(spec) {}

  void begin_tick() {
    v_ = static_cast<std::int64_t>(std::floor(static_cast<double>(v_) * spec_.leak / 256.0));
    now_ = false;
  }
  void add(int weight) {
    v_ += weight;
    if (spec_.fire == SpinalFire::event) compare();
  }
  bool end_tick() {
    if (spec_.fire == SpinalFire::tick) compare();
    if (now_) ever_ = true;
    return now_;
  }

 private:
  void compare() {
    if (v_ < spec_.threshold || now_ || (spec_.one_spike && ever_)) return;
    now_ = true;
    if (spec_.reset == SpinalReset::zero) v_ = 0;
    if (spec_.reset == SpinalReset::subtract) v_ -= spec_.threshold;
  }

  const SpinalNeuron spec_;
  std::int64_t v_ = 0;
  bool now_ = false, ever_ = false;
};

/// visit(input row, input column, kernel row, kernel column) for every pair of an input position
/// and a window of neuron (oy, ox), by input position first.
template <class Visit>
void for_each_tap(const SpinalLayer& l, int oy, int ox, Visit visit) {
  for (int y = 0; y < l.input.height; ++y) {
    for (int x = 0; x < l.input.width; ++x) {
      for (int wy = 0; wy < l.pool; ++wy) {
        for (int wx = 0; wx < l.pool; ++wx) {
          const int ky = y + l.pad - (oy * l.pool + wy) * l.stride;
          const int kx = x + l.pad - (ox * l.pool + wx) * l.stride;
          if (ky < 0 || kx < 0 || ky >= l.kernel_h || kx >= l.kernel_w) continue;
          visit(y, x, ky, kx);
        }
      }
    }
  }
}

int side(int in, int kernel, const SpinalLayer& l) {
  return ((in + 2 * l.pad - kernel) / l.stride + 1) / l.pool;
}

}  // namespace

DenseSpikes dense_spikes(const SpineMap& map) {
  const std::size_t neurons =
      static_cast<std::size_t>(map.shape.height) * map.shape.width * map.shape.channels;
  DenseSpikes bits(map.shape.ticks, std::vector<bool>(neurons, false));
  for (const Spine& spine : map.spines) {
    for (const SpineEvent& e : spine) bits[e.tick][e.neuron] = true;
  }
  return bits;
}

DenseSpikes dense_layer(const SpinalCase& c) {
  const SpinalLayer& l = c.layer;
  const DenseSpikes in = dense_spikes(c.input);
  const int channels = l.input.channels;
  const int oh = side(l.input.height, l.kernel_h, l), ow = side(l.input.width, l.kernel_w, l);
  DenseSpikes out(l.input.ticks, std::vector<bool>(static_cast<std::size_t>(oh) * ow * l.cout));
  for (int position = 0; position < oh * ow; ++position) {
    // Kernel places at which each input position is seen.
    std::map<int, std::vector<int>> taps;
    for_each_tap(l, position / ow, position % ow, [&](int y, int x, int ky, int kx) {
      taps[y * l.input.width + x].push_back(ky * l.kernel_w + kx);
    });
    std::vector<DenseNeuron> neurons(l.cout, DenseNeuron(c.neuron));
    for (int t = 0; t < l.input.ticks; ++t) {
      for (DenseNeuron& neuron : neurons) neuron.begin_tick();
      for (const auto& [at, places] : taps) {
        for (int ch = 0; ch < channels; ++ch) {
          if (!in[t][static_cast<std::size_t>(at) * channels + ch]) continue;
          for (const int place : places) {
            for (int o = 0; o < l.cout; ++o) {
              neurons[o].add(
                  c.oihw[(static_cast<std::size_t>(o) * channels + ch) * l.kernel_h * l.kernel_w +
                         place]);
            }
          }
        }
      }
      for (int o = 0; o < l.cout; ++o) {
        if (neurons[o].end_tick()) out[t][static_cast<std::size_t>(position) * l.cout + o] = true;
      }
    }
  }
  return out;
}

std::uint64_t dense_reads(const SpinalCase& c) {
  const SpinalLayer& l = c.layer;
  const int oh = side(l.input.height, l.kernel_h, l), ow = side(l.input.width, l.kernel_w, l);
  std::uint64_t reads = 0;
  for (int oy = 0; oy < oh; ++oy) {
    for (int ox = 0; ox < ow; ++ox) {
      for_each_tap(l, oy, ox, [&](int y, int x, int, int) {
        reads += c.input.spines[static_cast<std::size_t>(y) * l.input.width + x].size();
      });
    }
  }
  return reads * ((l.cout + 127) / 128);
}

}  // namespace h2
