#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace h2 {

/// Writes the run as Chrome trace events (an object, whole nanoseconds), for Perfetto's UI and
/// chrome://tracing: slices on named tracks, counters, arrows from a descriptor to its completion.
/// Written as the run goes, as `<path>.partial` until close(), whole JSON after every event.
class Timeline {
 public:
  /// Throws RunError when the file cannot be created.
  explicit Timeline(const std::string& path);
  ~Timeline();
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  /// A slice of `track` from begin to end; slices of one track do not overlap. `arguments` is an
  /// object shown on selection.
  void slice(const std::string& track, const std::string& name, std::uint64_t begin_ps,
             std::uint64_t end_ps, const nlohmann::ordered_json& arguments);
  /// The value of a counter from `time_ps` on.
  void counter(const std::string& name, std::uint64_t time_ps, double value);
  /// An arrow, from 1 ns into a slice of `from_track` to 1 ns before the end of one of `to_track`.
  void arrow(std::uint64_t id, const std::string& from_track, std::uint64_t from_ps,
             const std::string& to_track, std::uint64_t to_ps);

  /// Ends the file. Throws RunError when it could not be written.
  void close();

 private:
  /// Numbers tracks in the order in which they first appear.
  int thread_of(const std::string& track);
  void event(const nlohmann::ordered_json& json);

  std::string path_;
  std::ofstream file_;
  std::map<std::string, int> tracks_;
  bool first_ = true;
};

}  // namespace h2
