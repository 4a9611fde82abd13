#include "traces/record/timeline.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "modules/base/error.h"
#include "modules/base/result_file.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProcess = 1;

constexpr char kTail[] = "\n]}\n";

std::uint64_t nanoseconds(std::uint64_t ps) { return (ps + 500) / 1000; }

/// Importers make nanoseconds of the number again, some by rounding, some by cutting off: it is at
/// or just above the value meant.
double microseconds(std::uint64_t ns) {
  double us = static_cast<double>(ns) / 1e3;
  while (static_cast<std::uint64_t>(us * 1e3) < ns) us = std::nextafter(us, HUGE_VAL);
  return us;
}

}  // namespace

Timeline::Timeline(const std::string& path)
    : path_(path), file_(partial_name(path), std::ios::binary) {
  if (!file_) throw RunError(path + ": cannot be created");
  file_ << "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  event(
      {{"name", "process_name"}, {"ph", "M"}, {"pid", kProcess}, {"args", {{"name", "H2Learn"}}}});
}

Timeline::~Timeline() = default;

void Timeline::close() {
  file_.close();
  if (!file_) throw RunError(path_ + ": cannot be written");
  publish(path_);
}

void Timeline::event(const Json& json) {
  // The file is whole JSON after every event, so that what a killed run leaves can be read; the
  // next event takes the place of the end.
  file_ << ((first_ ? "\n" : ",\n") + json.dump() + kTail);
  file_.seekp(-static_cast<std::streamoff>(sizeof kTail - 1), std::ios::cur);
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
  const std::uint64_t begin = nanoseconds(begin_ps);
  event({{"name", name},
         {"ph", "X"},
         {"ts", microseconds(begin)},
         {"dur", microseconds(std::max(begin, nanoseconds(end_ps)) - begin)},
         {"pid", kProcess},
         {"tid", thread_of(track)},
         {"args", arguments}});
}

void Timeline::counter(const std::string& name, std::uint64_t time_ps, double value) {
  event({{"name", name},
         {"ph", "C"},
         {"ts", microseconds(nanoseconds(time_ps))},
         {"pid", kProcess},
         {"args", {{"value", value}}}});
}

void Timeline::arrow(std::uint64_t id, const std::string& from_track, std::uint64_t from_ps,
                     const std::string& to_track, std::uint64_t to_ps) {
  const auto end = [&](const char* phase, const std::string& track, std::uint64_t ns) {
    return Json{{"name", "descriptor"},
                {"cat", "descriptor"},
                {"ph", phase},
                {"id", id},
                {"ts", microseconds(ns)},
                {"pid", kProcess},
                {"tid", thread_of(track)}};
  };
  // At the edge of a slice viewers take its neighbour.
  event(end("s", from_track, nanoseconds(from_ps) + 1));
  Json to = end("f", to_track, nanoseconds(to_ps) - 1);
  to["bp"] = "e";
  event(to);
}

}  // namespace h2
