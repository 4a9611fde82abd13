#include "traces/record/trace.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "traces/record/fst.h"

namespace h2 {
namespace {

constexpr std::uint64_t kSamplePs = 10'000'000;

VcdSelection selection_of(const VcdConfig& config) {
  VcdSelection s;
  s.scopes = config.scopes;
  s.level = static_cast<int>(config.level);
  s.from_ps = static_cast<std::uint64_t>(config.from_us * 1e6);
  s.to_ps = static_cast<std::uint64_t>(config.to_us * 1e6);
  return s;
}

}  // namespace

Trace::Trace(const std::string& path, const VcdConfig& config,
             std::function<std::uint64_t()> now_ps)
    : vcd_(std::make_unique<VcdWriter>(path, selection_of(config))),
      vcd_path_(path),
      config_(config),
      now_ps_(std::move(now_ps)) {}

void Trace::add_timeline(const std::string& path, TraceLevel level,
                         std::function<std::uint64_t()> now_ps) {
  timeline_ = std::make_unique<Timeline>(path);
  timeline_level_ = level;
  now_ps_ = std::move(now_ps);
}

void Trace::add_log(std::vector<Log::Pattern> patterns, std::ostream& out,
                    std::function<std::uint64_t()> now_ps) {
  log_ = std::make_unique<Log>(std::move(patterns), out, std::move(now_ps));
}

int Trace::add(const std::string& scope, const std::string& name, Signal signal) {
  if (timeline_ != nullptr && signal.sampled) signal.counter = scope + "." + name;
  if (signal.vcd == VcdWriter::kNotTraced && signal.counter.empty()) return VcdWriter::kNotTraced;
  signals_.push_back(std::move(signal));
  return static_cast<int>(signals_.size()) - 1;
}

int Trace::add_text(const std::string& scope, const std::string& name, TraceLevel from) {
  Signal s;
  if (vcd_ != nullptr) s.vcd = vcd_->add_text(scope, name, static_cast<int>(from));
  return add(scope, name, s);
}

int Trace::add_value(const std::string& scope, const std::string& name, int width) {
  Signal s;
  if (vcd_ != nullptr) s.vcd = vcd_->add_wire(scope, name, width);
  return add(scope, name, s);
}

int Trace::add_level(const std::string& scope, const std::string& name, int width,
                     TraceLevel exact) {
  Signal s;
  if (vcd_ != nullptr) s.vcd = vcd_->add_wire(scope, name, width);
  s.sampled = true;
  s.exact = config_.level >= exact;
  return add(scope, name, s);
}

void Trace::start() {
  if (vcd_ != nullptr) vcd_->start();
  if (log_ != nullptr) log_->require_matches();
}

void Trace::change(int id, std::uint64_t value) {
  if (id == VcdWriter::kNotTraced) return;
  const std::uint64_t now = now_ps_();
  settle(now);
  const Signal& s = signals_[static_cast<std::size_t>(id)];
  if (!s.sampled || s.exact) {
    if (s.vcd != VcdWriter::kNotTraced) vcd_->change(s.vcd, now, value);
  }
  if (s.sampled && (!s.exact || !s.counter.empty())) change_sampled(id, now, value);
}

void Trace::change(int id, std::string_view text) {
  if (id == VcdWriter::kNotTraced) return;
  settle(now_ps_());
  vcd_->change_text(signals_[static_cast<std::size_t>(id)].vcd, now_ps_(), text);
}

void Trace::show(const Signal& s, std::uint64_t now) {
  if (!s.exact && s.vcd != VcdWriter::kNotTraced) vcd_->change(s.vcd, now, s.value);
  if (!s.counter.empty()) timeline_->counter(s.counter, now, static_cast<double>(s.value));
}

void Trace::change_sampled(int id, std::uint64_t now, std::uint64_t value) {
  Signal& s = signals_[static_cast<std::size_t>(id)];
  s.value = value;
  if (s.pending) return;
  if (now < s.due_ps) {
    s.pending = true;
    pending_.push_back(id);
    first_due_ps_ = std::min(first_due_ps_, s.due_ps);
    return;
  }
  s.due_ps = (now / kSamplePs + 1) * kSamplePs;
  show(s, now);
}

void Trace::settle(std::uint64_t now) {
  if (now < first_due_ps_) return;
  std::vector<int> late;
  first_due_ps_ = ~std::uint64_t{0};
  for (const int id : pending_) {
    Signal& s = signals_[static_cast<std::size_t>(id)];
    if (s.due_ps > now) {
      late.push_back(id);
      first_due_ps_ = std::min(first_due_ps_, s.due_ps);
      continue;
    }
    s.pending = false;
    s.due_ps = (now / kSamplePs + 1) * kSamplePs;
    show(s, now);
  }
  pending_ = std::move(late);
}

void Trace::slice(const std::string& track, const std::string& name, std::uint64_t begin_ps,
                  const nlohmann::ordered_json& arguments) {
  if (timeline_ != nullptr) timeline_->slice(track, name, begin_ps, now_ps_(), arguments);
}

void Trace::slice(const std::string& track, const std::string& name, std::uint64_t begin_ps,
                  std::uint64_t end_ps, const nlohmann::ordered_json& arguments) {
  if (timeline_ != nullptr) timeline_->slice(track, name, begin_ps, end_ps, arguments);
}

void Trace::arrow(std::uint64_t id, const std::string& from_track, std::uint64_t from_ps,
                  const std::string& to_track) {
  if (timeline_ != nullptr) timeline_->arrow(id, from_track, from_ps, to_track, now_ps_());
}

void Trace::close() {
  if (vcd_ != nullptr) vcd_->close(now_ps_());
  if (timeline_ != nullptr) timeline_->close();
  if (vcd_ != nullptr && fst_) convert_to_fst(vcd_path_);
}

}  // namespace h2
