// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "modules/tensor/maps.h"

namespace h2 {

/// One spike: its tick and the neuron of the map that fired, (y * width + x) * channels + c.
struct SpineEvent {
  std::uint32_t neuron = 0;
  std::uint8_t tick = 0;

  friend bool operator==(const SpineEvent& a, const SpineEvent& b) {
    return a.tick == b.tick && a.neuron == b.neuron;
  }
  /// The order of a list: tick, then row, column and channel, which is the neuron's number.
  friend bool operator<(const SpineEvent& a, const SpineEvent& b) {
    return std::tie(a.tick, a.neuron) < std::tie(b.tick, b.neuron);
  }
};

/// The sorted spikes of one position of a map ("spine").
using Spine = std::vector<SpineEvent>;

/// Bytes of a spike in memory: its tick, then the neuron, little-endian. The paper has a byte of
/// time and does not say how wide the number is.
constexpr std::size_t kSpineEntryBytes = 5;
void put_spine_entry(const SpineEvent& event, std::uint8_t* bytes);
SpineEvent get_spine_entry(const std::uint8_t* bytes);

/// Size of a map of spiking neurons; ticks: 1..256.
struct SpineShape {
  int height = 1, width = 1, channels = 1, ticks = 1;

  int positions() const { return height * width; }
  std::uint32_t neuron(int position, int channel) const {
    return static_cast<std::uint32_t>(position) * channels + channel;
  }
  std::uint32_t position_of(std::uint32_t neuron) const { return neuron / channels; }
  std::uint32_t channel_of(std::uint32_t neuron) const { return neuron % channels; }
  /// Most spikes of one position.
  std::uint64_t most() const { return static_cast<std::uint64_t>(channels) * ticks; }
};

/// What may be wrong with a list.
enum class SpineFault { none, order, length, tick, neuron };
const char* text_of(SpineFault fault);
/// Checks one spike after another: spikes of `position`, ticks below shape.ticks, each spike behind
/// the one before it, no more than shape.most().
class SpineCheck {
 public:
  SpineCheck(const SpineShape& shape, int position) : shape_(shape), position_(position) {}
  SpineFault next(const SpineEvent& event);

 private:
  SpineShape shape_;
  int position_;
  std::uint64_t count_ = 0;
  SpineEvent last_;
};
SpineFault check_spine(const SpineShape& shape, int position, const Spine& spine);

/// The spikes of one sample: a list per position.
struct SpineMap {
  SpineMap() = default;
  explicit SpineMap(const SpineShape& shape) : shape(shape), spines(shape.positions()) {}

  SpineShape shape;
  std::vector<Spine> spines;

  std::uint64_t count() const;
};

/// Spikes of sample `sample` of a map with `ticks` steps a sample, and back into an empty one.
SpineMap spines_of(const BitMap& bits, int ticks, int sample);
void set_bits(const SpineMap& map, int sample, BitMap& bits);

}  // namespace h2
