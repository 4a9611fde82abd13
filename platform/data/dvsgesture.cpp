// SPDX-License-Identifier: Apache-2.0
#include "platform/data/dvsgesture.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/aedat.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;

constexpr int kGestures = 11;

struct GestureFile {
  std::string path;
  std::vector<AedatPacket> packets;
};

struct Gesture {
  std::shared_ptr<const GestureFile> file;
  std::uint64_t begin_us = 0, end_us = 0;
};

std::ifstream open_list(const fs::path& path) {
  require_plain_file(path.string(), "a table in CSV");
  std::ifstream file(path);
  if (!file) throw InputError(path.string() + ": cannot be opened");
  return file;
}

/// Lines without what editors of other systems leave at their ends.
bool next_line(std::istream& file, std::string& line) {
  if (!std::getline(file, line)) return false;
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return true;
}

void take_line(const std::string& where, const std::string& line,
               const std::shared_ptr<const GestureFile>& file, std::vector<Gesture>& gestures,
               std::vector<std::uint16_t>& labels) {
  std::istringstream fields(line);
  std::uint64_t number = 0, begin = 0, end = 0;
  char comma = 0, other = 0;
  if (!(fields >> number >> comma >> begin >> other >> end) || comma != ',' || other != ',' ||
      number < 1 || number > kGestures || begin >= end) {
    throw InputError(where + ": \"" + line +
                     "\"; legal: class 1..11, begin and end in us, as 3,80048239,85092709");
  }
  gestures.push_back({file, begin, end});
  labels.push_back(static_cast<std::uint16_t>(number - 1));
}

void take_recording(const fs::path& path, std::vector<Gesture>& gestures,
                    std::vector<std::uint16_t>& labels) {
  const auto file =
      std::make_shared<const GestureFile>(GestureFile{path.string(), list_aedat3(path.string())});
  const fs::path table = path.parent_path() / (path.stem().string() + "_labels.csv");
  std::ifstream list = open_list(table);
  std::string line;
  next_line(list, line);  // names of the columns
  for (std::size_t number = 2; next_line(list, line); ++number) {
    if (line.empty()) continue;
    take_line(table.string() + ":" + std::to_string(number), line, file, gestures, labels);
  }
}

Recording read_gesture(const Gesture& gesture, int share) {
  Recording found = read_aedat3(gesture.file->path, gesture.file->packets, gesture.begin_us,
                                gesture.end_us, share);
  if (!found.events.empty()) return found;
  throw InputError(gesture.file->path + ": holds no events from " +
                   std::to_string(gesture.begin_us) + " to " + std::to_string(gesture.end_us) +
                   " us, where its labels have a gesture");
}

Dataset make_gestures(const fs::path& trials, std::uint64_t limit, const EventRules& rules,
                      std::uint64_t cache_bytes) {
  std::vector<Gesture> gestures;
  std::vector<std::uint16_t> labels;
  std::ifstream list = open_list(trials);
  for (std::string line; next_line(list, line);) {
    if (limit > 0 && gestures.size() >= limit) break;
    if (!line.empty()) take_recording(trials.parent_path() / line, gestures, labels);
  }
  if (gestures.empty()) throw InputError(trials.string() + ": its recordings have no gestures");
  if (limit > 0 && limit < gestures.size()) {
    gestures.resize(limit);
    labels.resize(limit);
  }
  const int share = kDvs128Side / rules.shape.height;
  return event_part(
      labels, kGestures, rules, [=](std::size_t i) { return read_gesture(gestures[i], share); },
      cache_bytes);
}

}  // namespace

LoadedData load_dvsgesture(const DatasetConfig& config, InputShape input, int timesteps) {
  require_dvs128("dvsgesture", input);
  const fs::path root(config.path);
  const EventRules rules = event_rules(config, input, timesteps);
  return {
      make_gestures(root / "trials_to_train.txt", config.train_limit, rules, config.cache_bytes),
      make_gestures(root / "trials_to_test.txt", config.test_limit, rules, config.cache_bytes),
      {}};
}

}  // namespace h2
