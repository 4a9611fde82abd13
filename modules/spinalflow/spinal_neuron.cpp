// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spinal_neuron.h"

#include <algorithm>

namespace h2 {

void SpinalLanes::begin(const SpinalNeuron& neuron, int lanes, bool collects) {
  neuron_ = neuron;
  lanes_ = lanes;
  collects_ = collects;
  tick_ = 0;
  std::fill(potential_.begin(), potential_.end(), 0);
  fired_.reset();
  silent_.reset();
}

void SpinalLanes::add(const std::int8_t* weights) {
  std::int32_t* v = potential_.data();
  for (int i = 0; i < lanes_; ++i) v[i] += weights[i];
  if (neuron_.fire == SpinalFire::event && !collects_) compare();
}

void SpinalLanes::add_sums(const std::int32_t* sums) {
  for (int i = 0; i < lanes_; ++i) potential_[i] += sums[i];
  if (neuron_.fire == SpinalFire::event && !collects_) compare();
}

void SpinalLanes::compare() {
  for (int i = 0; i < lanes_; ++i) {
    if (potential_[i] < neuron_.threshold || fired_[i] || silent_[i]) continue;
    fired_[i] = true;
    if (neuron_.reset == SpinalReset::zero) potential_[i] = 0;
    if (neuron_.reset == SpinalReset::subtract) potential_[i] -= neuron_.threshold;
  }
}

SpinalLanes::Fired SpinalLanes::end_tick() {
  if (neuron_.fire == SpinalFire::tick) compare();
  const Fired fired = fired_;
  if (neuron_.one_spike) silent_ |= fired;
  fired_.reset();
  ++tick_;
  if (neuron_.leak == 256) return fired;
  for (int i = 0; i < lanes_; ++i) {
    const std::int64_t product = std::int64_t{potential_[i]} * neuron_.leak;
    // Rounded down, also below 0.
    potential_[i] =
        static_cast<std::int32_t>(product >= 0 ? product / 256 : -((-product + 255) / 256));
  }
  return fired;
}

void SpinalLanes::take_sums(std::int32_t* sums) {
  std::copy_n(potential_.begin(), lanes_, sums);
  std::fill(potential_.begin(), potential_.end(), 0);
  ++tick_;
}

}  // namespace h2
