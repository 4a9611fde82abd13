// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spine.h"

namespace h2 {

void put_spine_entry(const SpineEvent& event, std::uint8_t* bytes) {
  bytes[0] = event.tick;
  for (int i = 0; i < 4; ++i) bytes[1 + i] = static_cast<std::uint8_t>(event.neuron >> (8 * i));
}

SpineEvent get_spine_entry(const std::uint8_t* bytes) {
  SpineEvent event;
  event.tick = bytes[0];
  for (int i = 0; i < 4; ++i) event.neuron |= std::uint32_t{bytes[1 + i]} << (8 * i);
  return event;
}

const char* text_of(SpineFault fault) {
  switch (fault) {
    case SpineFault::none:
      return "in order";
    case SpineFault::order:
      return "not sorted by tick and neuron, or a spike twice";
    case SpineFault::length:
      return "more spikes than channels times ticks";
    case SpineFault::tick:
      return "a tick outside the time of the network";
    case SpineFault::neuron:
      return "a neuron of another position";
  }
  return "";
}

SpineFault SpineCheck::next(const SpineEvent& event) {
  if (event.tick >= shape_.ticks) return SpineFault::tick;
  if (shape_.position_of(event.neuron) != static_cast<std::uint32_t>(position_)) {
    return SpineFault::neuron;
  }
  if (count_ >= shape_.most()) return SpineFault::length;
  if (count_ > 0 && !(last_ < event)) return SpineFault::order;
  last_ = event;
  ++count_;
  return SpineFault::none;
}

SpineFault check_spine(const SpineShape& shape, int position, const Spine& spine) {
  if (spine.size() > shape.most()) return SpineFault::length;
  SpineCheck check(shape, position);
  for (const SpineEvent& event : spine) {
    const SpineFault fault = check.next(event);
    if (fault != SpineFault::none) return fault;
  }
  return SpineFault::none;
}

std::uint64_t SpineMap::count() const {
  std::uint64_t sum = 0;
  for (const Spine& spine : spines) sum += spine.size();
  return sum;
}

SpineMap spines_of(const BitMap& bits, int ticks, int sample) {
  SpineMap map({bits.height, bits.width, bits.channels, ticks});
  for (int position = 0; position < map.shape.positions(); ++position) {
    const int y = position / bits.width, x = position % bits.width;
    for (int t = 0; t < ticks; ++t) {
      const std::uint16_t* words = bits.at(sample * ticks + t, y, x);
      for (int c = 0; c < bits.channels; ++c) {
        if (((words[c / 16] >> (c % 16)) & 1) == 0) continue;
        map.spines[position].push_back(
            {map.shape.neuron(position, c), static_cast<std::uint8_t>(t)});
      }
    }
  }
  return map;
}

void set_bits(const SpineMap& map, int sample, BitMap& bits) {
  for (const Spine& spine : map.spines) {
    for (const SpineEvent& event : spine) {
      const int position = static_cast<int>(map.shape.position_of(event.neuron));
      bits.set(sample * map.shape.ticks + event.tick, position / map.shape.width,
               position % map.shape.width, static_cast<int>(map.shape.channel_of(event.neuron)),
               true);
    }
  }
}

}  // namespace h2
