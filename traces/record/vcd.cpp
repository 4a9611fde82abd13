// SPDX-License-Identifier: Apache-2.0
#include "traces/record/vcd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "traces/record/glob.h"
#include "traces/record/vcd_text.h"

namespace h2 {
namespace {

constexpr std::size_t kVcdBufferBytes = 1 << 16;

std::vector<std::string> split(const std::string& dotted) {
  std::vector<std::string> parts;
  std::size_t first = 0;
  for (std::size_t dot = 0; dot != std::string::npos; first = dot + 1) {
    dot = dotted.find('.', first);
    parts.push_back(dotted.substr(first, dot - first));
  }
  return parts;
}

}  // namespace

VcdWriter::VcdWriter(const std::string& path, VcdSelection selection)
    : path_(path),
      selection_(std::move(selection)),
      matches_(selection_.scopes.size(), Matches::nothing) {}

VcdWriter::~VcdWriter() { file_.write(buffer_.data(), static_cast<long>(buffer_.size())); }

int VcdWriter::add_wire(const std::string& scope, const std::string& name, int width, int level) {
  if (width < 1 || width > 64) throw std::logic_error("VCD wire " + name + ": width not in 1..64");
  return add(scope, name, Kind::wire, width, level);
}

int VcdWriter::add_real(const std::string& scope, const std::string& name, int level) {
  return add(scope, name, Kind::real, 64, level);
}

int VcdWriter::add_text(const std::string& scope, const std::string& name, int level) {
  return add(scope, name, Kind::text, 1, level);
}

int VcdWriter::add(const std::string& scope, const std::string& name, Kind kind, int width,
                   int level) {
  const std::string full_name = scope + "." + name;
  if (started_) throw std::logic_error("VCD variable " + full_name + " added after start");
  if (!names_.insert(full_name).second) {
    throw std::logic_error("VCD variable " + full_name + " added twice");
  }
  scopes_.insert(scope);
  if (!select(full_name, level)) return kNotTraced;
  Variable variable;
  variable.path = split(full_name);
  variable.kind = kind;
  variable.width = width;
  variable.code = vcd_code(variables_.size());
  variable.value = kind == Kind::wire   ? wire_text(0, width)
                   : kind == Kind::real ? real_text(0.0)
                                        : word_text("");
  variables_.push_back(variable);
  return static_cast<int>(variables_.size()) - 1;
}

bool VcdWriter::select(const std::string& full_name, int level) {
  bool selected = false;
  for (std::size_t i = 0; i < selection_.scopes.size(); ++i) {
    if (!matches_name(selection_.scopes[i], full_name)) continue;
    selected = level <= selection_.level;
    if (selected || matches_[i] == Matches::nothing) {
      matches_[i] = selected ? Matches::shown : Matches::left_out;
    }
  }
  return selected;
}

void VcdWriter::require_matches() const {
  std::string legal;
  for (const std::string& scope : scopes_) legal += (legal.empty() ? "" : ", ") + scope;
  for (std::size_t i = 0; i < matches_.size(); ++i) {
    if (matches_[i] == Matches::shown) continue;
    throw InputError("trace.vcd.scopes: '" + selection_.scopes[i] + "' matches " +
                     (matches_[i] == Matches::nothing
                          ? "no variable; scopes are " + legal
                          : "only variables of a finer trace.vcd.level"));
  }
}

void VcdWriter::start() {
  require_matches();
  errno = 0;
  file_.open(partial_name(path_), std::ios::binary);
  if (!file_) throw RunError(path_ + ": cannot be created: " + std::strerror(errno));
  buffer_ += "$date not recorded $end\n$version H2Learn-VP $end\n$timescale 1 ps $end\n";
  std::vector<int> ids(variables_.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int>(i);
  write_declarations(ids, 0);
  buffer_ += "$enddefinitions $end\n";
  started_ = true;
}

void VcdWriter::write_declarations(const std::vector<int>& ids, std::size_t depth) {
  static constexpr std::array<const char*, 3> kKinds{"wire", "real", "string"};
  std::vector<std::string> scopes;  // below this one, in order of first appearance
  for (const int id : ids) {
    const Variable& v = variables_[id];
    if (v.path.size() > depth + 1) {
      if (std::find(scopes.begin(), scopes.end(), v.path[depth]) == scopes.end()) {
        scopes.push_back(v.path[depth]);
      }
      continue;
    }
    const bool vector = v.kind == Kind::wire && v.width > 1;
    buffer_ += std::string("$var ") + kKinds[static_cast<std::size_t>(v.kind)] + " " +
               std::to_string(v.width) + " " + v.code + " " + v.path[depth] +
               (vector ? " [" + std::to_string(v.width - 1) + ":0]" : "") + " $end\n";
  }
  for (const std::string& scope : scopes) {
    std::vector<int> inside;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(inside), [&](int id) {
      return variables_[id].path.size() > depth + 1 && variables_[id].path[depth] == scope;
    });
    buffer_ += "$scope module " + scope + " $end\n";
    write_declarations(inside, depth + 1);
    buffer_ += "$upscope $end\n";
  }
}

void VcdWriter::change(int id, std::uint64_t time_ps, std::uint64_t value) {
  if (id == kNotTraced) return;
  const int width = variables_.at(id).width;
  if (width < 64 && value >> width != 0) {
    throw std::logic_error("VCD variable " + variables_[id].path.back() + ": " +
                           std::to_string(value) + " needs more than " + std::to_string(width) +
                           " bits");
  }
  set(id, time_ps, wire_text(value, width));
}

void VcdWriter::change_real(int id, std::uint64_t time_ps, double value) {
  if (id != kNotTraced) set(id, time_ps, real_text(value));
}

void VcdWriter::change_text(int id, std::uint64_t time_ps, std::string_view value) {
  if (id != kNotTraced) set(id, time_ps, word_text(value));
}

void VcdWriter::open(int id, std::uint64_t time_ps) {
  if (id == kNotTraced) return;
  set(id, time_ps, unknown_text(variables_.at(id).width));
  if (over_) return;
  variables_[id].open.push_back(kNotBuffered);
  ++open_;
}

void VcdWriter::resolve(int id, std::uint64_t value) {
  if (id == kNotTraced || variables_.at(id).open.empty()) return;
  Variable& v = variables_[id];
  const std::string text = padded_text(value, v.width);
  const std::size_t at = v.open.front();
  v.open.erase(v.open.begin());
  --open_;
  if (at != kNotBuffered) buffer_.replace(at, text.size(), text);
  if (!v.open.empty()) return;
  if (at != kNotBuffered) v.shown = text;
  v.value = text;
}

void VcdWriter::set(int id, std::uint64_t time_ps, std::string value) {
  if (!started_ || closed_) throw std::logic_error("VCD change outside start() and close()");
  if (over_) return;
  advance(time_ps);
  if (over_) return;
  Variable& variable = variables_.at(id);
  variable.value = std::move(value);
  if (!variable.touched) touched_.push_back(id);
  variable.touched = true;
}

void VcdWriter::advance(std::uint64_t time_ps) {
  if (time_ps < now_ps_) {
    throw std::logic_error("VCD time goes back from " + std::to_string(now_ps_) + " to " +
                           std::to_string(time_ps) + " ps");
  }
  if (time_ps == now_ps_) return;
  if (!initial_written_ && time_ps > selection_.from_ps) write_initial();
  write_settled();
  now_ps_ = time_ps;
  end_when_full();
  if (selection_.to_ps != 0 && time_ps > selection_.to_ps && initial_written_) over_ = true;
}

void VcdWriter::end_when_full() {
  if (selection_.max_bytes == 0 || over_) return;
  if (flushed_bytes_ + buffer_.size() < selection_.max_bytes || !initial_written_) return;
  full_ps_ = std::max<std::uint64_t>(1, written_ps_);
  over_ = true;
}

void VcdWriter::write_value(Variable& v) {
  if (!v.open.empty()) v.open.back() = buffer_.size();
  buffer_ += v.value + v.code + "\n";
  v.shown = v.value;
}

void VcdWriter::write_initial() {
  buffer_ += "#" + std::to_string(selection_.from_ps) + "\n$dumpvars\n";
  for (Variable& v : variables_) write_value(v);
  buffer_ += "$end\n";
  written_ps_ = selection_.from_ps;
  initial_written_ = true;
}

void VcdWriter::write_settled() {
  std::sort(touched_.begin(), touched_.end());
  const bool visible =
      initial_written_ && !over_ && (selection_.to_ps == 0 || now_ps_ <= selection_.to_ps);
  for (const int id : touched_) {
    Variable& v = variables_[id];
    v.touched = false;
    const bool told = v.open.empty() || v.open.back() != kNotBuffered;
    if (!visible || (told && v.value == v.shown)) continue;
    if (written_ps_ != now_ps_) buffer_ += "#" + std::to_string(now_ps_) + "\n";
    written_ps_ = now_ps_;
    write_value(v);
    ++changes_;
  }
  touched_.clear();
  if (buffer_.size() > kVcdBufferBytes) flush(false);
}

void VcdWriter::flush(bool all) {
  std::size_t bytes = buffer_.size();
  if (!all && open_ > 0) {
    for (const Variable& v : variables_) {
      for (const std::size_t at : v.open) bytes = std::min(bytes, at);
    }
    if (bytes < kVcdBufferBytes / 2) return;
    for (Variable& v : variables_) {
      for (std::size_t& at : v.open) at -= at != kNotBuffered ? bytes : 0;
    }
  }
  errno = 0;
  file_.write(buffer_.data(), static_cast<std::streamsize>(bytes));
  buffer_.erase(0, bytes);
  flushed_bytes_ += bytes;
  if (!file_) throw RunError(path_ + ": cannot be written: " + std::strerror(errno));
}

void VcdWriter::close(std::uint64_t end_ps) {
  if (closed_) return;
  if (!over_) advance(end_ps);
  // A run shorter than the way to the window still leaves a file that loads: its last values.
  selection_.from_ps = std::min(selection_.from_ps, end_ps);
  if (!initial_written_) write_initial();
  if (!over_) write_settled();
  std::uint64_t last = selection_.to_ps > 0 ? std::min(end_ps, selection_.to_ps) : end_ps;
  if (full_ps_ != 0) last = written_ps_;
  if (initial_written_ && last > written_ps_) buffer_ += "#" + std::to_string(last) + "\n";
  closed_ = true;
  flush(true);
  file_.close();
  if (!file_) throw RunError(path_ + ": cannot be written: " + std::strerror(errno));
  publish(path_);
}

void VcdWriter::discard() {
  closed_ = true;
  buffer_.clear();
  file_.close();
  std::error_code ignored;
  std::filesystem::remove(partial_name(path_), ignored);
}

}  // namespace h2
