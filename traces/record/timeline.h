// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace h2 {

/// Writes the run as Chrome trace events (JSON object form), which Perfetto's UI and
/// chrome://tracing open: slices on named tracks, counters, and arrows between slices. Times are
/// rounded to whole nanoseconds, the unit of both viewers, so that slices that follow each other
/// do not overlap there. Written as the run goes, in bounded memory; the file has its name once it
/// is closed, until then it is `<path>.partial`, whole JSON after every write.
class Timeline {
 public:
  /// Simulated time of a slice, ps.
  struct Span {
    std::uint64_t begin_ps = 0, end_ps = 0;
  };

  /// Ends where it is larger than `max_bytes`, 0: never.
  explicit Timeline(const std::string& path, std::uint64_t max_bytes = 0);
  /// Keeps what was written of a run that failed before close(), as `<path>.partial`.
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  /// A row, below those declared before. A row that is not declared is below the one that its name
  /// begins with, as "top.forward.load.socket.0" with "top.forward", or at the end.
  void declare(const std::string& track) { declared_.push_back(track); }
  /// Creates the file. Throws RunError when it cannot.
  void start();

  /// A slice of `track`; slices of one track do not overlap. `arguments` is an object shown on
  /// selection.
  void slice(const std::string& track, const std::string& name, const Span& span,
             const nlohmann::ordered_json& arguments);
  /// The value of a counter from `time_ps` on.
  void counter(const std::string& name, std::uint64_t time_ps, double value);
  /// An arrow between two slices, from one nanosecond inside the one to one inside the other: at
  /// their edges viewers take the neighbour. None if one of them is too short to have an inside.
  void arrow(std::uint64_t id, const std::string& from_track, const Span& from,
             const std::string& to_track, const Span& to);

  /// Ends the file. Throws RunError when it could not be written.
  void close();
  /// Gives up what was written: no file is left.
  void discard();

  /// Time at which max_bytes ended the timeline, 0: it did not.
  std::uint64_t full_ps() const { return full_ps_; }

 private:
  /// Numbers tracks in the order in which they first appear.
  int thread_of(const std::string& track);
  int place_of(const std::string& track) const;
  void event(const nlohmann::ordered_json& json, std::uint64_t time_ps);
  void flush();

  std::string path_;
  std::uint64_t max_bytes_;
  std::ofstream file_;
  std::string buffer_;
  std::vector<std::string> declared_;
  std::map<std::string, int> tracks_;
  std::uint64_t written_bytes_ = 0, full_ps_ = 0;
  bool closed_ = false;
};

}  // namespace h2
