// SPDX-License-Identifier: Apache-2.0
#include "platform/host/host_view.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "modules/contract/h2_contract.h"
#include "modules/contract/register_map.h"
#include "platform/host/host_cpu.h"

namespace h2 {
namespace {

std::string hex(std::uint64_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

/// " RING_TAIL" for that register, "" elsewhere.
std::string register_name(std::uint64_t address) {
  const std::uint64_t offset = address - H2_REGS_BASE;
  if (offset >= H2_REGS_SIZE) return "";
  const Register* reg = register_at(static_cast<std::uint32_t>(offset));
  return reg != nullptr ? " " + reg->name : "";
}

bool timed(const HostAccess& a) {
  return a.kind == HostAccess::Kind::read || a.kind == HostAccess::Kind::write;
}

}  // namespace

HostView::HostView(const std::string& host, Trace& trace)
    : host_(host),
      trace_(trace),
      log_(trace.log(host)),
      state_signal_(trace.add_word(host, "state", {"program", "access", "wait", "work", "done"})) {
  trace.declare_track(host);
  trace.declare_track(host + ".interrupt");
}

bool HostView::on() const {
  return trace_.shows(TraceLevel::phases) || log_.shows(TraceLevel::phases);
}

void HostView::access(const HostAccess& a) const {
  if (a.kind == HostAccess::Kind::wait_irq) {
    if (trace_.shows(TraceLevel::phases)) {
      trace_.slice(host_, "wait for interrupt", a.start.value(), {{"came", a.ok}});
    }
    if (log_.shows(TraceLevel::phases)) {
      log_.print("waited for the interrupt since " + a.start.to_string() +
                 (a.ok ? "" : ", in vain"));
    }
    return;
  }
  if (!timed(a) || !on()) return;
  const std::string what =
      (a.kind == HostAccess::Kind::write ? "write" : "read") + register_name(a.address);
  if (trace_.shows(TraceLevel::phases)) {
    trace_.slice(host_, what, a.start.value(),
                 {{"address", hex(a.address)}, {"bytes", a.bytes}, {"ok", a.ok}});
  }
  if (log_.shows(TraceLevel::tiles)) {
    log_.print(what + " of " + std::to_string(a.bytes) + " B at " + hex(a.address) +
               (a.ok ? "" : ", refused"));
  }
}

void HostView::work(const sc_core::sc_time& begin) const {
  if (trace_.shows(TraceLevel::phases)) {
    trace_.slice(host_, "work", begin.value(), nlohmann::ordered_json::object());
  }
}

void HostView::slice(const std::string& row, const std::string& name,
                     const Timeline::Span& span) const {
  if (!trace_.shows(TraceLevel::phases) || span.begin_ps == span.end_ps) return;
  trace_.slice(host_ + "." + row, name, span, nlohmann::ordered_json::object());
}

void HostView::interrupt(bool up) {
  if (up) {
    up_since_ = sc_core::sc_time_stamp();
    return;
  }
  if (trace_.shows(TraceLevel::phases)) {
    trace_.slice(host_ + ".interrupt", "interrupt", up_since_.value(),
                 nlohmann::ordered_json::object());
  }
  if (log_.shows(TraceLevel::phases)) {
    log_.print("interrupt handled, up since " + up_since_.to_string());
  }
}

}  // namespace h2
