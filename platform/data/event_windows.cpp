// SPDX-License-Identifier: Apache-2.0
#include "platform/data/event_windows.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "modules/base/error.h"

namespace h2 {
namespace {

std::size_t element_of(const CameraEvent& event, InputShape shape) {
  const std::size_t channel = shape.channels == 1 ? 0 : static_cast<std::size_t>(event.polarity);
  return (channel * static_cast<std::size_t>(shape.height) + static_cast<std::size_t>(event.y)) *
             static_cast<std::size_t>(shape.width) +
         static_cast<std::size_t>(event.x);
}

bool inside(const CameraEvent& event, InputShape shape) {
  return event.x >= 0 && event.y >= 0 && event.x < shape.width && event.y < shape.height &&
         (shape.channels == 1 || event.polarity < shape.channels);
}

/// Numbers the windows of one recording.
class Windows {
 public:
  Windows(const std::vector<CameraEvent>& events, const EventRules& rules) : rules_(rules) {
    std::uint64_t last = 0;
    begin_ = events.empty() ? 0 : events.front().us;
    for (const CameraEvent& event : events) {
      begin_ = std::min(begin_, event.us);
      last = std::max(last, event.us);
      inside_ += inside(event, rules.shape) ? 1 : 0;
    }
    duration_ = last - begin_ + 1;
  }
  /// Of the next event inside the shape; timesteps and more: behind the last window.
  std::uint64_t next(const CameraEvent& event) {
    const auto steps = static_cast<std::uint64_t>(rules_.timesteps);
    if (rules_.windows == EventWindows::count) return seen_++ * steps / inside_;
    const std::uint64_t since = event.us - begin_;
    return rules_.window_us > 0 ? since / rules_.window_us : since * steps / duration_;
  }

 private:
  const EventRules& rules_;
  std::uint64_t begin_ = 0, duration_ = 1, inside_ = 0, seen_ = 0;
};

}  // namespace

EventRules event_rules(const DatasetConfig& config, InputShape input, int timesteps) {
  return {config.windows, config.window_us, config.events, timesteps, input};
}

std::vector<std::string> EventTally::remarks(const EventRules& rules) const {
  std::vector<std::string> out;
  const auto say = [&](std::uint64_t count, const std::string& text) {
    if (count > 0)
      out.push_back(std::to_string(count) + " of " + std::to_string(events) + " events " + text);
  };
  say(outside, "lie outside the pixels or channels of network.input and are left out");
  say(late,
      "come after the last window of " + std::to_string(rules.window_us) + " us and are left out");
  say(full, "are more than the 255 that one pixel counts and are left out");
  if (markers > 0) {
    out.push_back(std::to_string(markers) +
                  " entries are overflows of the clock or marked invalid, and no events");
  }
  return out;
}

void mark_events(const Recording& recording, const EventRules& rules, std::uint8_t* sample,
                 EventTally& tally) {
  const std::size_t plane = static_cast<std::size_t>(rules.shape.channels) *
                            static_cast<std::size_t>(rules.shape.height) *
                            static_cast<std::size_t>(rules.shape.width);
  Windows windows(recording.events, rules);
  tally.events += recording.events.size();
  tally.markers += recording.markers;
  for (const CameraEvent& event : recording.events) {
    if (!inside(event, rules.shape)) {
      ++tally.outside;
      continue;
    }
    const std::uint64_t window = windows.next(event);
    if (window >= static_cast<std::uint64_t>(rules.timesteps)) {
      ++tally.late;
    } else if (rules.values == EventValues::spikes) {
      sample[window * plane + element_of(event, rules.shape)] = 1;
    } else if (sample[element_of(event, rules.shape)] == 255) {
      ++tally.full;
    } else {
      ++sample[element_of(event, rules.shape)];
    }
  }
}

Dataset event_part(std::vector<std::uint16_t> labels, int classes, const EventRules& rules,
                   const std::function<Recording(std::size_t)>& read, std::uint64_t cache_bytes) {
  Dataset data;
  data.shape = rules.shape;
  data.classes = classes;
  data.input_steps = rules.values == EventValues::spikes ? rules.timesteps : 0;
  data.labels = std::move(labels);
  const auto tally = std::make_shared<EventTally>();
  take_samples(
      data,
      [=](std::size_t i, std::uint8_t* sample) { mark_events(read(i), rules, sample, *tally); },
      cache_bytes);
  data.remarks = tally->remarks(rules);
  return data;
}

}  // namespace h2
