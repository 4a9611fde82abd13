// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// How pixels reach the first layer: as they are, which needs a layer with (Encoding), as spikes
/// whose rate is their value, or as one spike each, the earlier the brighter.
enum class PixelCoding { direct, rate, first_spike };
/// How a recording is cut into timesteps: spans of time, or numbers of events.
enum class EventWindows { time, count };
/// What the events of a recording become: binary spikes at every timestep, or one static image of
/// their counts.
enum class EventValues { spikes, counts };

/// dataset
struct DatasetConfig {
  std::string kind = "digits";                    ///< a name of data_kinds()
  std::string path;                               ///< folder, relative to the working directory
  std::uint64_t train_limit = 0, test_limit = 0;  ///< 0 = all (digits: 4000, 1000)
  PixelCoding coding = PixelCoding::direct;
  /// Of each part: what takes more is read from its files whenever it is needed.
  std::uint64_t cache_bytes = 268435456;
  std::uint64_t validation = 0;  ///< samples of the training part that are held out
  EventWindows windows = EventWindows::time;
  std::uint64_t window_us = 0;  ///< 0: a recording's own length, shared out among the timesteps
  EventValues events = EventValues::spikes;
  int resize = 0;  ///< pixels of an image's shorter side before it is cropped; 0: the input's
};

/// Names that dataset.kind may have.
const std::vector<std::string>& data_kinds();

}  // namespace h2
