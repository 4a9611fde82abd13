// SPDX-License-Identifier: Apache-2.0
#include "traces/record/timeline.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "modules/base/error.h"
#include "modules/base/result_file.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProcess = 1;
constexpr std::size_t kBufferBytes = 1 << 16;
constexpr char kHead[] = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
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

Timeline::Timeline(const std::string& path, std::uint64_t max_bytes)
    : path_(path), max_bytes_(max_bytes) {}

Timeline::~Timeline() {
  if (closed_ || !file_.is_open()) return;
  buffer_ += kTail;
  file_.seekp(static_cast<std::streamoff>(written_bytes_));
  file_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
}

void Timeline::start() {
  errno = 0;
  file_.open(partial_name(path_), std::ios::binary);
  if (!file_) throw RunError(path_ + ": cannot be created: " + std::strerror(errno));
  buffer_ = kHead;
  event({{"name", "process_name"},
         {"ph", "M"},
         {"pid", kProcess},
         {"args", {{"name", "H2Learn-VP"}}}},
        0);
  for (const std::string& track : declared_) thread_of(track);
  flush();
}

void Timeline::flush() {
  const std::size_t bytes = buffer_.size();
  errno = 0;
  buffer_ += kTail;
  file_.seekp(static_cast<std::streamoff>(written_bytes_));
  file_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  file_.flush();
  if (!file_) throw RunError(path_ + ": cannot be written: " + std::strerror(errno));
  written_bytes_ += bytes;
  buffer_.clear();
}

void Timeline::close() {
  if (closed_) return;
  closed_ = true;
  flush();
  file_.close();
  if (!file_) throw RunError(path_ + ": cannot be written: " + std::strerror(errno));
  publish(path_);
}

void Timeline::discard() {
  closed_ = true;
  file_.close();
  std::error_code ignored;
  std::filesystem::remove(partial_name(path_), ignored);
}

void Timeline::event(const Json& json, std::uint64_t time_ps) {
  if (full_ps_ != 0) return;
  if (written_bytes_ + buffer_.size() > sizeof kHead) buffer_ += ',';
  buffer_ += '\n';
  buffer_ += json.dump();
  if (max_bytes_ != 0 && written_bytes_ + buffer_.size() >= max_bytes_) {
    full_ps_ = std::max<std::uint64_t>(1, time_ps);
  }
  if (buffer_.size() >= kBufferBytes) flush();
}

int Timeline::place_of(const std::string& track) const {
  constexpr std::size_t kRowsBetween = 1000;
  std::size_t above = declared_.size(), length = 0;
  for (std::size_t d = 0; d < declared_.size(); ++d) {
    if (declared_[d] == track) return static_cast<int>(d * kRowsBetween);
    if (declared_[d].size() > length && track.rfind(declared_[d] + ".", 0) == 0) {
      above = d;
      length = declared_[d].size();
    }
  }
  return static_cast<int>(above * kRowsBetween + std::min(tracks_.size(), kRowsBetween - 1));
}

int Timeline::thread_of(const std::string& track) {
  const auto [at, is_new] = tracks_.try_emplace(track, static_cast<int>(tracks_.size()) + 1);
  if (is_new) {
    const auto describe = [&](const char* what, const Json& arguments) {
      event({{"name", what},
             {"ph", "M"},
             {"pid", kProcess},
             {"tid", at->second},
             {"args", arguments}},
            0);
    };
    describe("thread_name", {{"name", track}});
    describe("thread_sort_index", {{"sort_index", place_of(track)}});
  }
  return at->second;
}

void Timeline::slice(const std::string& track, const std::string& name, const Span& span,
                     const Json& arguments) {
  const std::uint64_t begin = nanoseconds(span.begin_ps);
  const std::uint64_t end = std::max(begin, nanoseconds(span.end_ps));
  const int thread = thread_of(track);
  event({{"name", name},
         {"ph", "X"},
         {"ts", microseconds(begin)},
         {"dur", microseconds(end - begin)},
         {"pid", kProcess},
         {"tid", thread},
         {"args", arguments}},
        span.end_ps);
}

void Timeline::counter(const std::string& name, std::uint64_t time_ps, double value) {
  event({{"name", name},
         {"ph", "C"},
         {"ts", microseconds(nanoseconds(time_ps))},
         {"pid", kProcess},
         {"args", {{"value", value}}}},
        time_ps);
}

void Timeline::arrow(std::uint64_t id, const std::string& from_track, const Span& from,
                     const std::string& to_track, const Span& to) {
  const auto inside = [](const Span& s) { return nanoseconds(s.begin_ps) + 1; };
  if (inside(from) >= nanoseconds(from.end_ps) || inside(to) >= nanoseconds(to.end_ps)) return;
  const auto end = [&](const char* phase, const std::string& track, std::uint64_t ns) {
    return Json{{"name", "descriptor"},
                {"cat", "descriptor"},
                {"ph", phase},
                {"id", id},
                {"ts", microseconds(ns)},
                {"pid", kProcess},
                {"tid", thread_of(track)}};
  };
  event(end("s", from_track, inside(from)), to.end_ps);
  Json head = end("f", to_track, inside(to));
  head["bp"] = "e";
  event(head, to.end_ps);
}

}  // namespace h2
