#include "traces/record/timeline.h"

#include <nlohmann/json.hpp>

#include "modules/base/error.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProcess = 1;

double microseconds(std::uint64_t ps) { return static_cast<double>(ps) / 1e6; }

}  // namespace

Timeline::Timeline(const std::string& path) : path_(path), file_(path) {
  if (!file_) throw RunError(path + ": cannot be created");
  file_ << "[";
  event(
      {{"name", "process_name"}, {"ph", "M"}, {"pid", kProcess}, {"args", {{"name", "H2Learn"}}}});
}

Timeline::~Timeline() {
  if (file_.is_open()) file_ << "\n]\n";
}

void Timeline::close() {
  file_ << "\n]\n";
  file_.close();
  if (!file_) throw RunError(path_ + ": cannot be written");
}

void Timeline::event(const Json& json) {
  file_ << (first_ ? "\n" : ",\n") << json.dump();
  first_ = false;
}

int Timeline::thread_of(const std::string& track) {
  const auto [at, is_new] = tracks_.try_emplace(track, static_cast<int>(tracks_.size()) + 1);
  if (is_new) {
    event({{"name", "thread_name"},
           {"ph", "M"},
           {"pid", kProcess},
           {"tid", at->second},
           {"args", {{"name", track}}}});
    event({{"name", "thread_sort_index"},
           {"ph", "M"},
           {"pid", kProcess},
           {"tid", at->second},
           {"args", {{"sort_index", at->second}}}});
  }
  return at->second;
}

void Timeline::slice(const std::string& track, const std::string& name, std::uint64_t begin_ps,
                     std::uint64_t end_ps, const Json& arguments) {
  event({{"name", name},
         {"ph", "X"},
         {"ts", microseconds(begin_ps)},
         {"dur", microseconds(end_ps - begin_ps)},
         {"pid", kProcess},
         {"tid", thread_of(track)},
         {"args", arguments}});
}

void Timeline::counter(const std::string& name, std::uint64_t time_ps, double value) {
  event({{"name", name},
         {"ph", "C"},
         {"ts", microseconds(time_ps)},
         {"pid", kProcess},
         {"args", {{"value", value}}}});
}

void Timeline::arrow(std::uint64_t id, const std::string& from_track, std::uint64_t from_ps,
                     const std::string& to_track, std::uint64_t to_ps) {
  const auto end = [&](const char* phase, const std::string& track, std::uint64_t ps) {
    return Json{{"name", "descriptor"},
                {"cat", "descriptor"},
                {"ph", phase},
                {"id", id},
                {"ts", microseconds(ps)},
                {"pid", kProcess},
                {"tid", thread_of(track)}};
  };
  event(end("s", from_track, from_ps));
  Json to = end("f", to_track, to_ps);
  to["bp"] = "e";
  event(to);
}

}  // namespace h2
