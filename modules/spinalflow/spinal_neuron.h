// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

namespace h2 {

/// When a neuron compares its potential with the threshold.
enum class SpinalFire {
  tick,  ///< once per tick, after all its inputs: a dense integer model, bit for bit
  event  ///< after every input (the paper): an inhibition later in the tick comes too late
};
/// What becomes of the potential of a neuron that fires.
enum class SpinalReset { zero, subtract, none };

struct SpinalNeuron {
  SpinalFire fire = SpinalFire::tick;
  SpinalReset reset = SpinalReset::zero;
  bool one_spike = false;  ///< a neuron fires once per sample and is silent then
  int leak = 256;          ///< v = v * leak / 256, rounded down, between two ticks; 256: none
  std::int32_t threshold = 1;
};

/// Potentials of the neurons that one position has in a tile: what a processing element does per
/// cycle, for up to kMost of them at once. A neuron fires once per tick at most.
class SpinalLanes {
 public:
  static constexpr int kMost = 128;
  using Fired = std::bitset<kMost>;

  /// Begins a position: potentials 0, tick 0. `collects`: only sums are wanted, nothing fires.
  void begin(const SpinalNeuron& neuron, int lanes, bool collects);
  int tick() const { return tick_; }
  /// One weight per lane, in the current tick.
  void add(const std::int8_t* weights);
  /// The sums of earlier parts for the current tick.
  void add_sums(const std::int32_t* sums);
  /// Ends the current tick and begins the next; returns the lanes that fired in it.
  Fired end_tick();
  /// Ends the current tick of a position that collects: writes its sums.
  void take_sums(std::int32_t* sums);

 private:
  void compare();

  SpinalNeuron neuron_;
  int lanes_ = 0, tick_ = 0;
  bool collects_ = false;
  std::vector<std::int32_t> potential_ = std::vector<std::int32_t>(kMost);
  Fired fired_;   // in this tick
  Fired silent_;  // one_spike: have fired before
};

}  // namespace h2
