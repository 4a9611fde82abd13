// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "platform/data/dataset.h"

namespace h2 {

/// A change of brightness at one pixel of an event camera, or a spike of a cochlea's channel.
struct CameraEvent {
  int x = 0, y = 0;
  int polarity = 0;  ///< 1: brighter; of a cochlea the channel
  std::uint64_t us = 0;
};

/// Events of one recording, in the order of the file.
struct Recording {
  std::vector<CameraEvent> events;
  std::uint64_t markers = 0;  ///< entries of the file that are no events
};

/// What becomes of events.
struct EventRules {
  EventWindows windows = EventWindows::time;
  std::uint64_t window_us = 0;
  EventValues values = EventValues::spikes;
  int timesteps = 1;
  InputShape shape;  ///< one channel takes all polarities
};
EventRules event_rules(const DatasetConfig& config, InputShape input, int timesteps);

/// Counts what was left out.
struct EventTally {
  std::uint64_t events = 0, outside = 0, late = 0, markers = 0, full = 0;
  /// One sentence for each kind that occurred.
  std::vector<std::string> remarks(const EventRules& rules) const;
};

/// Fills a sample of zeros, [T][C][H][W] or, of counts, [C][H][W] with at most 255 per element.
/// Windows of time begin at the first event: all equal up to the last one, or of `window_us` each;
/// windows by count hold equally many of the events inside the shape. An element spikes at most
/// once in a window. Events outside the shape or behind the last window are left out and counted.
void mark_events(const Recording& recording, const EventRules& rules, std::uint8_t* sample,
                 EventTally& tally);

/// A part of one recording for each label; `read` throws InputError that names file and event.
Dataset event_part(std::vector<std::uint16_t> labels, int classes, const EventRules& rules,
                   const std::function<Recording(std::size_t)>& read, std::uint64_t cache_bytes);

}  // namespace h2
