// SPDX-License-Identifier: Apache-2.0
#include "platform/data/heidelberg.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "modules/base/error.h"
#include "platform/data/event_windows.h"
#include "platform/data/hdf5_file.h"
#include "platform/data/shape_text.h"

namespace h2 {
namespace {

constexpr int kCochleaChannels = 700;
constexpr double kMostSeconds = 3600;

int elements_of(InputShape shape) { return shape.channels * shape.height * shape.width; }

/// The channel `unit` as element of the input, [C][H][W].
CameraEvent place(int unit, std::uint64_t us, InputShape shape) {
  const int element = unit / (kCochleaChannels / elements_of(shape));
  const int plane = shape.height * shape.width;
  return {element % shape.width, element % plane / shape.width, element / plane, us};
}

Recording read_words(const Hdf5File& file, std::size_t index, InputShape shape) {
  const std::vector<double> times = file.row("spikes/times", index);
  const std::vector<double> units = file.row("spikes/units", index);
  const std::string where = file.path() + ": sample " + std::to_string(index);
  if (times.size() != units.size()) {
    throw InputError(where + " has " + std::to_string(times.size()) + " times and " +
                     std::to_string(units.size()) + " units");
  }
  if (times.empty()) throw InputError(where + " has no spikes");
  Recording recording;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!(times[i] >= 0 && times[i] <= kMostSeconds) ||
        !(units[i] >= 0 && units[i] < kCochleaChannels)) {
      throw InputError(where + ": spike " + std::to_string(i) + " of channel " +
                       std::to_string(units[i]) + " at " + std::to_string(times[i]) +
                       " s; legal: channels 0..699, 0 to 3600 s");
    }
    recording.events.push_back(place(static_cast<int>(units[i]),
                                     static_cast<std::uint64_t>(std::llround(times[i] * 1e6)),
                                     shape));
  }
  return recording;
}

std::vector<std::uint16_t> read_classes(const Hdf5File& file, std::uint64_t limit, int classes) {
  const Hdf5Array labels = file.numbers("labels");
  const std::vector<std::size_t> times = file.shape("spikes/times");
  if (labels.shape.size() != 1 || labels.shape != times || labels.shape[0] == 0) {
    throw InputError(file.path() + ": /labels and /spikes/times differ in length, or are empty");
  }
  std::vector<std::uint16_t> out;
  for (const double label : labels.values) {
    if (limit > 0 && out.size() >= limit) break;
    if (!(label >= 0 && label < classes)) {
      throw InputError(file.path() + ": label of sample " + std::to_string(out.size()) + " is " +
                       std::to_string(label) + ", legal: 0.." + std::to_string(classes - 1));
    }
    out.push_back(static_cast<std::uint16_t>(label));
  }
  return out;
}

Dataset load_words(const std::string& path, std::uint64_t limit, int classes,
                   const EventRules& rules, std::uint64_t cache_bytes) {
  const auto file = std::make_shared<const Hdf5File>(path, Hdf5File::Mode::read);
  return event_part(
      read_classes(*file, limit, classes), classes, rules,
      [file, shape = rules.shape](std::size_t i) { return read_words(*file, i, shape); },
      cache_bytes);
}

}  // namespace

LoadedData load_heidelberg(const std::string& prefix, const DatasetConfig& config, InputShape input,
                           int timesteps) {
  const int elements = elements_of(input);
  if (elements > kCochleaChannels || kCochleaChannels % elements != 0) {
    throw InputError("network.input is " + shape_text(input) + "; legal for dataset.kind '" +
                     prefix +
                     "': channels x height x width that divides 700, as 700x1x1 or 140x1x1");
  }
  const int classes = prefix == "shd" ? 20 : 35;
  const EventRules rules = event_rules(config, input, timesteps);
  const auto part = [&](const char* name, std::uint64_t limit) {
    const std::filesystem::path file =
        std::filesystem::path(config.path) / (prefix + "_" + name + ".h5");
    return load_words(file.string(), limit, classes, rules, config.cache_bytes);
  };
  LoadedData data{part("train", config.train_limit), part("test", config.test_limit), {}};
  const std::filesystem::path valid = std::filesystem::path(config.path) / (prefix + "_valid.h5");
  if (config.validation > 0 && std::filesystem::exists(valid)) {
    data.validation = part("valid", config.validation);
  }
  return data;
}

}  // namespace h2
