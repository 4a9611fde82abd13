// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "modules/arithmetic/fp16.h"
#include "modules/h2learn/machine.h"
#include "modules/network/network.h"
#include "modules/tensor/maps.h"

// Shapes and operands drawn at random, the same on every machine.

namespace h2 {

class Draw {
 public:
  explicit Draw(std::uint32_t seed) : engine_(seed) {}

  int integer(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint32_t>(high - low + 1));
  }
  template <class T>
  T among(std::vector<T> choices) {
    return choices[integer(0, static_cast<int>(choices.size()) - 1)];
  }
  /// In [-1, 1).
  double symmetric() { return static_cast<double>(engine_()) / 0x1p31 - 1.0; }
  bool with(double probability) { return static_cast<double>(engine_()) / 0x1p32 < probability; }

  /// An FP16 number of about `scale`, with the full spread of exponents below it.
  float value(float scale) {
    return round_fp16(static_cast<float>(symmetric() * symmetric()) * scale);
  }
  std::vector<float> values(std::size_t n, float scale) {
    std::vector<float> out(n);
    for (float& v : out) v = value(scale);
    return out;
  }
  BitMap bits(int maps, int height, int width, int channels, double density) {
    BitMap out(maps, height, width, channels);
    for (int i = 0; i < maps * height * width * channels; ++i) {
      out.set(i / channels / width / height, i / channels / width % height, i / channels % width,
              i % channels, with(density));
    }
    return out;
  }
  ValueMap map(int maps, int height, int width, int channels, double density, float scale) {
    ValueMap out(maps, height, width, channels);
    for (float& v : out.values) {
      const float drawn = value(scale);
      v = with(density) ? drawn : (with(0.5) ? 0.0F : -0.0F);
    }
    return out;
  }

 private:
  std::mt19937 engine_;
};

inline Layer conv_layer(int cin, int planes, int height, int width, int cout, int kernel,
                        int stride) {
  Layer layer;
  layer.name = "conv";
  layer.cin = cin;
  layer.planes = planes;
  layer.in_h = height;
  layer.in_w = width;
  layer.cout = cout;
  layer.kernel = kernel;
  layer.stride = stride;
  layer.pad = kernel / 2;
  layer.out_h = layer.soma_h = layer.next_h = (height - 1) / stride + 1;
  layer.out_w = layer.soma_w = layer.next_w = (width - 1) / stride + 1;
  return layer;
}

/// The same layer without padding, where its kernel fits the map.
inline Layer without_padding(Layer layer) {
  if (layer.kernel > layer.in_h || layer.kernel > layer.in_w) return layer;
  layer.valid = true;
  derive_shapes(layer);
  return layer;
}

inline Layer fc_layer(int cin, int planes, int cout) {
  Layer layer = conv_layer(cin, planes, 1, 1, cout, 1, 1);
  layer.name = "fc";
  layer.kind = LayerKind::fc;
  return layer;
}

}  // namespace h2
