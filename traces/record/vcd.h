// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace h2 {

/// What part of a run a waveform shows.
struct VcdSelection {
  /// Glob patterns (* ? []) over `scope.name`; a pattern that matches a scope takes all below it.
  std::vector<std::string> scopes{"*"};
  int level = 0;                ///< variables of a higher level are left out
  std::uint64_t from_ps = 0;    ///< values are right from here on
  std::uint64_t to_ps = 0;      ///< last time shown; 0 = to the end
  std::uint64_t max_bytes = 0;  ///< the waveform ends where it is larger; 0 = never
};

/// Writes a Value Change Dump (IEEE 1364-2005, 18) of 1 ps resolution as the run goes: declare
/// variables, start(), change..., close(). Only real changes are written, one per variable and
/// time (the last value set wins), in the order of declaration: equal runs give equal bytes. The
/// file has its name once it is closed; until then it is `<path>.partial`.
class VcdWriter {
 public:
  /// Identifier of a variable that the selection leaves out; changes of it are ignored.
  static constexpr int kNotTraced = -1;

  VcdWriter(const std::string& path, VcdSelection selection);
  /// Keeps what was written of a run that failed before close(), as `<path>.partial`.
  ~VcdWriter();
  VcdWriter(const VcdWriter&) = delete;
  VcdWriter& operator=(const VcdWriter&) = delete;

  /// Unsigned value of `width` bits, 1..64. `scope` is dotted, "top.fe". Starts at 0.
  int add_wire(const std::string& scope, const std::string& name, int width, int level = 0);
  /// Floating-point value, starts at 0.
  int add_real(const std::string& scope, const std::string& name, int level = 0);
  /// Word shown as it is by GTKWave (an extension of the standard), starts as "-".
  int add_text(const std::string& scope, const std::string& name, int level = 0);

  /// Throws InputError when a pattern matches no variable, or none of the level.
  void require_matches() const;
  /// Writes the declarations, after require_matches(). Throws RunError when the file cannot be
  /// created.
  void start();

  /// The variable has `value` from `time_ps` on. Time never goes back; a wire's value fits its
  /// width. Breaking either is a fault of the caller: std::logic_error.
  void change(int id, std::uint64_t time_ps, std::uint64_t value);
  void change_real(int id, std::uint64_t time_ps, double value);
  /// Blanks and control characters become '_', an empty text "-".
  void change_text(int id, std::uint64_t time_ps, std::string_view value);

  /// A wire of more than one bit has, from `time_ps` on, a value that resolve() supplies later,
  /// the oldest one first. Until then what follows stays in memory.
  void open(int id, std::uint64_t time_ps);
  void resolve(int id, std::uint64_t value);

  /// Ends the waveform at `end_ps`. Throws RunError when the file could not be written.
  void close(std::uint64_t end_ps);
  /// Gives up what was written: no file is left.
  void discard();

  /// Time at which max_bytes ended the waveform, 0: it did not.
  std::uint64_t full_ps() const { return full_ps_; }

  /// Value changes written so far, initial values not counted.
  std::uint64_t changes() const { return changes_; }

 private:
  static constexpr std::size_t kNotBuffered = ~std::size_t{0};
  enum class Kind { wire, real, text };
  struct Variable {
    std::vector<std::string> path;  // scopes, then the name
    Kind kind = Kind::wire;
    int width = 1;
    std::string code;   // identifier code in the file
    std::string value;  // as in the file, without the code
    std::string shown;  // last one written
    bool touched = false;
    std::vector<std::size_t> open;  // where in the buffer are values to be told, oldest first
  };

  int add(const std::string& scope, const std::string& name, Kind kind, int width, int level);
  bool select(const std::string& full_name, int level);
  void set(int id, std::uint64_t time_ps, std::string value);
  void advance(std::uint64_t time_ps);
  void write_settled();
  void write_initial();
  void write_declarations(const std::vector<int>& ids, std::size_t depth);
  void write_value(Variable& variable);
  void end_when_full();
  /// Writes what no open value is part of; all of it when the waveform ends.
  void flush(bool all);

  std::string path_;
  VcdSelection selection_;
  std::ofstream file_;
  std::string buffer_;
  std::vector<Variable> variables_;
  std::set<std::string> names_;   // full names of all variables offered
  std::set<std::string> scopes_;  // theirs
  enum class Matches { nothing, left_out, shown };
  std::vector<Matches> matches_;  // per pattern
  std::vector<int> touched_;
  std::uint64_t now_ps_ = 0;      // time of the values not yet written
  std::uint64_t written_ps_ = 0;  // last time stamp in the file
  std::uint64_t changes_ = 0;
  std::uint64_t flushed_bytes_ = 0, full_ps_ = 0;
  std::size_t open_ = 0;  // values to be told
  bool started_ = false, initial_written_ = false, over_ = false, closed_ = false;
};

}  // namespace h2
