// SPDX-License-Identifier: Apache-2.0
#include "platform/data/nmnist.h"

#include <algorithm>
#include <filesystem>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/class_folders.h"
#include "platform/data/event_windows.h"
#include "platform/data/shape_text.h"

namespace h2 {
namespace {

constexpr int kSensorSide = 34;
constexpr int kOverflowRow = 240;            // no event: the clock of 13 bits has run over
constexpr std::uint64_t kOverflowUs = 8192;  // 2^13
constexpr std::size_t kEventBytes = 5;
constexpr std::uint32_t kJitterUs = 1000;  // readout may swap neighbouring events, not more

/// Byte 0 column, byte 1 row, then one bit polarity and 23 bits microseconds, big endian.
CameraEvent decode(const std::uint8_t* bytes) {
  return {bytes[0], bytes[1], bytes[2] >> 7,
          (std::uint32_t{bytes[2] & 0x7FU} << 16) | (std::uint32_t{bytes[3]} << 8) | bytes[4]};
}

void require_on_sensor(const CameraEvent& event, const std::string& where) {
  if (event.x < kSensorSide && event.y < kSensorSide) return;
  throw InputError(where + " is at column " + std::to_string(event.x) + ", row " +
                   std::to_string(event.y) + ", legal: 0..33, or row 240 for an overflow");
}

/// Columns and rows count from `border`.
Recording read_events(const std::string& path, int border) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  if (bytes.empty()) throw InputError(path + ": empty recording");
  if (bytes.size() % kEventBytes != 0) {
    throw InputError(path + ": " + std::to_string(bytes.size()) +
                     " bytes, not a multiple of 5 (one event)");
  }
  Recording recording;
  std::uint64_t latest = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kEventBytes) {
    CameraEvent event = decode(&bytes[at]);
    if (event.y == kOverflowRow) {
      ++recording.markers;
      continue;
    }
    event.us += recording.markers * kOverflowUs;
    const std::string where = path + ": event " + std::to_string(at / kEventBytes);
    require_on_sensor(event, where);
    if (event.us + kJitterUs < latest) {
      throw InputError(where + " is at " + std::to_string(event.us) + " us, after an event at " +
                       std::to_string(latest) + " us");
    }
    latest = std::max(latest, event.us);
    event.x -= border;
    event.y -= border;
    recording.events.push_back(event);
  }
  if (recording.events.empty()) throw InputError(path + ": holds overflows and no event");
  return recording;
}

Dataset load_recordings(const std::string& part, std::uint64_t limit, const EventRules& rules,
                        std::uint64_t cache_bytes) {
  const std::vector<std::string> names{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  const ClassFolders folders = list_class_folders(part, names, ".bin");
  std::vector<LabelledFile> files = one_of_each(folders.files);
  if (limit > 0 && limit < files.size()) files.resize(limit);
  std::vector<std::uint16_t> labels;
  for (const LabelledFile& file : files) labels.push_back(file.label);
  const int border = (kSensorSide - rules.shape.height) / 2;
  Dataset data = event_part(
      labels, 10, rules, [=](std::size_t i) { return read_events(files[i].path, border); },
      cache_bytes);
  data.remarks.insert(data.remarks.begin(), folders.remarks.begin(), folders.remarks.end());
  return data;
}

/// The sensor, or without its outermost ring.
void require_sensor(InputShape input) {
  const bool fits = input.channels <= 2 && input.height == input.width &&
                    (input.height == kSensorSide || input.height == kSensorSide - 2);
  if (fits) return;
  throw InputError("network.input is " + shape_text(input) +
                   ", but dataset.kind 'nmnist' has samples of 2x34x34, or 2x32x32 without the "
                   "sensor's outermost ring; one channel takes both polarities");
}

}  // namespace

LoadedData load_nmnist(const DatasetConfig& config, InputShape input, int timesteps) {
  require_sensor(input);
  const std::filesystem::path root(config.path);
  const EventRules rules = event_rules(config, input, timesteps);
  return {load_recordings((root / "Train").string(), config.train_limit, rules, config.cache_bytes),
          load_recordings((root / "Test").string(), config.test_limit, rules, config.cache_bytes),
          {}};
}

}  // namespace h2
