#include "traces/trace.h"

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
  sampled_.resize(id + 1, false);
  next_ps_.resize(id + 1, 0);
  sampled_[id] = config_.level < exact;
  return id;
}

void Trace::start() {
  if (vcd_ != nullptr) vcd_->start();
}

void Trace::change(int id, std::uint64_t value) {
  if (id == VcdWriter::kNotTraced) return;
  const std::uint64_t now = now_ps_();
  const auto index = static_cast<std::size_t>(id);
  if (index < sampled_.size() && sampled_[index]) {
    if (now < next_ps_[index]) return;
    next_ps_[index] = (now / kSamplePs + 1) * kSamplePs;
  }
  vcd_->change(id, now, value);
}

void Trace::change(int id, std::string_view text) {
  if (id != VcdWriter::kNotTraced) vcd_->change_text(id, now_ps_(), text);
}

void Trace::close() {
  if (vcd_ != nullptr) vcd_->close(now_ps_());
}

}  // namespace h2
