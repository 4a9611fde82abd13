#include "traces/trace.h"

#include <algorithm>
#include <utility>

namespace h2 {
namespace {

constexpr std::uint64_t kSamplePs = 10'000'000;

VcdSelection selection_of(const VcdConfig& config) {
  VcdSelection s;
  s.scopes = config.scopes;
  s.from_ps = static_cast<std::uint64_t>(config.from_us * 1e6);
  s.to_ps = static_cast<std::uint64_t>(config.to_us * 1e6);
  return s;
}

}  // namespace

Trace::Trace(const std::string& path, const VcdConfig& config,
             std::function<std::uint64_t()> now_ps)
    : vcd_(std::make_unique<VcdWriter>(path, selection_of(config))),
      config_(config),
      now_ps_(std::move(now_ps)) {}

int Trace::add_text(const std::string& scope, const std::string& name) {
  return vcd_ != nullptr ? vcd_->add_text(scope, name) : VcdWriter::kNotTraced;
}

int Trace::add_value(const std::string& scope, const std::string& name, int width) {
  return vcd_ != nullptr ? vcd_->add_wire(scope, name, width) : VcdWriter::kNotTraced;
}

int Trace::add_level(const std::string& scope, const std::string& name, int width,
                     TraceLevel exact) {
  const int id = add_value(scope, name, width);
  if (id == VcdWriter::kNotTraced) return id;
  sampled_.resize(static_cast<std::size_t>(id) + 1);
  sampled_[id].is = config_.level < exact;
  return id;
}

void Trace::start() {
  if (vcd_ != nullptr) vcd_->start();
}

void Trace::change(int id, std::uint64_t value) {
  if (id == VcdWriter::kNotTraced) return;
  const std::uint64_t now = now_ps_();
  settle(now);
  if (static_cast<std::size_t>(id) < sampled_.size() && sampled_[id].is) {
    change_sampled(id, now, value);
  } else {
    vcd_->change(id, now, value);
  }
}

void Trace::change(int id, std::string_view text) {
  if (id == VcdWriter::kNotTraced) return;
  settle(now_ps_());
  vcd_->change_text(id, now_ps_(), text);
}

void Trace::change_sampled(int id, std::uint64_t now, std::uint64_t value) {
  Sampled& s = sampled_[id];
  s.value = value;
  if (s.pending) return;
  if (now < s.due_ps) {
    s.pending = true;
    pending_.push_back(id);
    first_due_ps_ = std::min(first_due_ps_, s.due_ps);
    return;
  }
  s.due_ps = (now / kSamplePs + 1) * kSamplePs;
  vcd_->change(id, now, value);
}

void Trace::settle(std::uint64_t now) {
  if (now < first_due_ps_) return;
  std::vector<int> late;
  first_due_ps_ = ~std::uint64_t{0};
  for (const int id : pending_) {
    Sampled& s = sampled_[id];
    if (s.due_ps > now) {
      late.push_back(id);
      first_due_ps_ = std::min(first_due_ps_, s.due_ps);
      continue;
    }
    s.pending = false;
    s.due_ps = (now / kSamplePs + 1) * kSamplePs;
    vcd_->change(id, now, s.value);
  }
  pending_ = std::move(late);
}

void Trace::close() {
  if (vcd_ != nullptr) vcd_->close(now_ps_());
}

}  // namespace h2
