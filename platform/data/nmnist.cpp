// SPDX-License-Identifier: Apache-2.0
#include "platform/data/nmnist.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "modules/base/error.h"
#include "modules/base/file.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

constexpr int kSensorSide = 34;
constexpr int kBorder = 1;
constexpr std::size_t kEventBytes = 5;
constexpr std::uint32_t kJitterUs = 1000;  // readout may swap neighbouring events, not more

struct Recording {
  std::string path;
  int label = 0;
};

struct Event {
  int x = 0, y = 0, polarity = 0;
  std::uint32_t us = 0;
};

/// Byte 0 column, byte 1 row, then one bit polarity and 23 bits microseconds, big endian.
Event decode(const std::uint8_t* bytes) {
  return {bytes[0], bytes[1], bytes[2] >> 7,
          (std::uint32_t{bytes[2] & 0x7FU} << 16) | (std::uint32_t{bytes[3]} << 8) | bytes[4]};
}

int class_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (name.size() == 1 && name[0] >= '0' && name[0] <= '9') return name[0] - '0';
  throw InputError(folder.string() + ": not a class folder; legal names: 0..9");
}

std::array<std::vector<std::string>, 10> list_classes(const fs::path& part) {
  if (!fs::is_directory(part)) throw InputError(part.string() + ": no such folder");
  std::array<std::vector<std::string>, 10> classes;
  bool any = false;
  for (const fs::directory_entry& folder : fs::directory_iterator(part)) {
    if (!folder.is_directory()) continue;
    any = true;
    auto& files = classes[static_cast<std::size_t>(class_of(folder.path()))];
    for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
      if (file.path().extension() == ".bin") files.push_back(file.path().string());
    }
    std::sort(files.begin(), files.end());
  }
  if (!any) throw InputError(part.string() + ": holds no class folders 0..9");
  return classes;
}

std::vector<Recording> interleave(const std::array<std::vector<std::string>, 10>& classes) {
  std::size_t longest = 0;
  for (const auto& files : classes) longest = std::max(longest, files.size());
  std::vector<Recording> order;
  for (std::size_t i = 0; i < longest; ++i) {
    for (int label = 0; label < 10; ++label) {
      const auto& files = classes[static_cast<std::size_t>(label)];
      if (i < files.size()) order.push_back({files[i], label});
    }
  }
  return order;
}

std::vector<Event> read_events(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  if (bytes.empty()) throw InputError(path + ": empty recording");
  if (bytes.size() % kEventBytes != 0) {
    throw InputError(path + ": " + std::to_string(bytes.size()) +
                     " bytes, not a multiple of 5 (one event)");
  }
  std::vector<Event> events;
  std::uint32_t latest = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kEventBytes) {
    const Event event = decode(&bytes[at]);
    const std::string where = path + ": event " + std::to_string(at / kEventBytes);
    if (event.x >= kSensorSide || event.y >= kSensorSide) {
      throw InputError(where + " is at column " + std::to_string(event.x) + ", row " +
                       std::to_string(event.y) + ", legal: 0..33");
    }
    if (event.us + kJitterUs < latest) {
      throw InputError(where + " is at " + std::to_string(event.us) + " us, after an event at " +
                       std::to_string(latest) + " us");
    }
    latest = std::max(latest, event.us);
    events.push_back(event);
  }
  return events;
}

void mark_spikes(const std::vector<Event>& events, int timesteps, std::uint8_t* sample) {
  const auto latest = std::max_element(events.begin(), events.end(),
                                       [](const Event& a, const Event& b) { return a.us < b.us; });
  const std::uint64_t duration = std::uint64_t{latest->us} + 1;
  for (const Event& event : events) {
    const int x = event.x - kBorder, y = event.y - kBorder;
    if (x < 0 || y < 0 || x >= kNmnistShape.width || y >= kNmnistShape.height) continue;
    const std::size_t window = event.us * static_cast<std::uint64_t>(timesteps) / duration;
    const std::size_t map = window * kNmnistShape.channels + event.polarity;
    sample[(map * kNmnistShape.height + y) * kNmnistShape.width + x] = 1;
  }
}

Dataset load_part(const fs::path& part, std::uint64_t limit, int timesteps) {
  std::vector<Recording> recordings = interleave(list_classes(part));
  if (recordings.empty()) throw InputError(part.string() + ": class folders hold no .bin files");
  if (limit > 0 && limit < recordings.size()) recordings.resize(limit);
  Dataset data;
  data.shape = kNmnistShape;
  data.input_steps = timesteps;
  data.values.resize(recordings.size() * data.sample_size());
  for (std::size_t i = 0; i < recordings.size(); ++i) {
    mark_spikes(read_events(recordings[i].path), timesteps, &data.values[i * data.sample_size()]);
    data.labels.push_back(static_cast<std::uint8_t>(recordings[i].label));
  }
  return data;
}

}  // namespace

LoadedData load_nmnist(const std::string& folder, std::uint64_t train_limit,
                       std::uint64_t test_limit, int timesteps) {
  const fs::path root(folder);
  try {
    return {load_part(root / "Train", train_limit, timesteps),
            load_part(root / "Test", test_limit, timesteps)};
  } catch (const fs::filesystem_error& error) {
    throw InputError(error.what());
  }
}

}  // namespace h2
