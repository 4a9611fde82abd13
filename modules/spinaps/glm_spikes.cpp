// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/glm_spikes.h"

namespace h2 {
namespace {

/// Eight random bits at a time.
class ByteDraw {
 public:
  explicit ByteDraw(CounterRng& rng) : rng_(rng) {}
  std::uint32_t next() {
    if (left_ == 0) {
      word_ = rng_.next();
      left_ = 4;
    }
    const std::uint32_t byte = word_ & 0xFF;
    word_ >>= 8;
    --left_;
    return byte;
  }

 private:
  CounterRng& rng_;
  std::uint32_t word_ = 0;
  int left_ = 0;
};

}  // namespace

std::size_t GlmSpikes::count() const {
  std::size_t all = 0;
  for (const auto& step : steps) all += step.size();
  return all;
}

GlmSpikes encode_pixels(const std::uint8_t* pixels, int inputs, int steps, SpinEncoding encoding,
                        CounterRng& rng) {
  GlmSpikes spikes{inputs, {}};
  spikes.steps.resize(steps);
  ByteDraw draw(rng);
  for (int t = 0; t < steps; ++t) {
    for (int j = 0; j < inputs; ++j) {
      const std::uint32_t pixel = pixels[j];
      if (pixel == 0) continue;
      const bool fires = encoding == SpinEncoding::rate ? draw.next() < pixel
                         : encoding == SpinEncoding::constant
                             ? pixel >= 128
                             : (255 - pixel) * steps / 256 == static_cast<std::uint32_t>(t);
      if (fires) spikes.steps[t].push_back(static_cast<std::uint16_t>(j));
    }
  }
  return spikes;
}

GlmSpikes spikes_of_events(const std::uint8_t* values, int inputs, int steps) {
  GlmSpikes spikes{inputs, {}};
  spikes.steps.resize(steps);
  for (int t = 0; t < steps; ++t) {
    for (int j = 0; j < inputs; ++j, ++values) {
      if (*values != 0) spikes.steps[t].push_back(static_cast<std::uint16_t>(j));
    }
  }
  return spikes;
}

std::vector<std::uint8_t> pack_spikes(const GlmSpikes& spikes) {
  const std::uint64_t bytes = step_bytes(spikes.inputs);
  std::vector<std::uint8_t> packed(spikes.steps.size() * bytes);
  for (std::size_t t = 0; t < spikes.steps.size(); ++t) {
    for (const std::uint16_t j : spikes.steps[t]) {
      packed[t * bytes + j / 8] |= static_cast<std::uint8_t>(1U << (j % 8));
    }
  }
  return packed;
}

GlmSpikes unpack_spikes(const std::uint8_t* bytes, int inputs, int steps) {
  GlmSpikes spikes{inputs, {}};
  spikes.steps.resize(steps);
  const int length = static_cast<int>(step_bytes(inputs));
  for (int t = 0; t < steps; ++t) {
    for (int b = 0; b < length; ++b, ++bytes) {
      for (unsigned bits = *bytes; bits != 0; bits &= bits - 1) {
        const int j = 8 * b + __builtin_ctz(bits);
        if (j < inputs) spikes.steps[t].push_back(static_cast<std::uint16_t>(j));
      }
    }
  }
  return spikes;
}

}  // namespace h2
