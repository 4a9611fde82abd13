// SPDX-License-Identifier: Apache-2.0
#include "platform/host/host_cpu.h"

#include <algorithm>
#include <cstring>

#include "memory/bus/payload.h"
#include "platform/host/player/card_text.h"
#include "platform/host/player/hex_text.h"

namespace h2 {

HostCpu::HostCpu(sc_core::sc_module_name name, sc_core::sc_time work, sc_core::sc_time link,
                 Trace& trace)
    : sc_module(name),
      memory("memory", H2_HOST_MEM_SIZE, link),
      work_(work),
      view_(this->name(), trace) {
  SC_HAS_PROCESS(HostCpu);
  SC_THREAD(run);
  if (!view_.on()) return;
  SC_METHOD(see_irq);
  sensitive << irq;
  dont_initialize();
}

void HostCpu::ended(const HostAccess& access) {
  view_.access(access);
  if (on_record) on_record(access);
  if (on_access) on_access(access);
}

void HostCpu::work() {
  const sc_core::sc_time begin = sc_core::sc_time_stamp();
  view_.enter("work");
  pause(work_);
  view_.enter("program");
  view_.work(begin);
}

HostCpu::BoundedWait::BoundedWait(HostCpu& host) : host_(host), before_(host.bounded_wait_) {
  host.bounded_wait_ = std::min(before_, sc_core::sc_time_stamp());
}

HostCpu::BoundedWait::~BoundedWait() { host_.bounded_wait_ = before_; }

void HostCpu::pause(sc_core::sc_time time) {
  const std::string before = std::exchange(waiting_for_, "its time to pass");
  const BoundedWait bounded(*this);
  wait(time);
  waiting_for_ = before;
}

std::string HostCpu::describe() const {
  if (!waiting_for_.empty()) return "waits for " + waiting_for_;
  std::string text = in_access_ ? "waits for a bus access" : "runs";
  if (const std::string where = place ? place() : ""; !where.empty()) text += " " + where;
  if (accesses_ == 0) return text;
  return text + ", after a " + (last_.write ? "write" : "read") + " of " +
         hex_text(last_.value, 8) + (last_.write ? " to " : " from ") + place_text(last_.address);
}

/// For the watchdog.
void HostCpu::note(const HostAccess& access) {
  const bool write = access.kind == HostAccess::Kind::write;
  ++accesses_;
  if (write || !access.ok || !reads_.repeats(access.address, access.data, access.bytes))
    heartbeat();
  last_ = {write, access.address, 0};
  // An access of no bytes may come without data.
  if (access.bytes > 0)
    std::memcpy(&last_.value, access.data, std::min(access.bytes, sizeof last_.value));
}

void HostCpu::run() {
  if (program == nullptr) return;
  view_.enter("program");
  try {
    program(*this);
  } catch (const std::exception&) {
    failure_ = std::current_exception();
  }
  view_.enter("done");
  finished_ = true;
  on_end();
}

h2_bus HostCpu::driver_bus() {
  h2_bus ops{};
  ops.context = this;
  ops.read = [](void* self, std::uint64_t address, void* data, std::size_t bytes) {
    const auto status =
        static_cast<HostCpu*>(self)->transport(tlm::TLM_READ_COMMAND, address, data, bytes);
    return status == tlm::TLM_OK_RESPONSE ? 0 : 1;
  };
  ops.write = [](void* self, std::uint64_t address, const void* data, std::size_t bytes) {
    const auto status = static_cast<HostCpu*>(self)->transport(tlm::TLM_WRITE_COMMAND, address,
                                                               const_cast<void*>(data), bytes);
    return status == tlm::TLM_OK_RESPONSE ? 0 : 1;
  };
  ops.wait_irq = [](void* self) { return static_cast<HostCpu*>(self)->wait_irq() ? 0 : 1; };
  ops.work = [](void* self) { static_cast<HostCpu*>(self)->work(); };
  return ops;
}

h2_bus HostCpu::loader_bus() {
  h2_bus ops{};
  ops.context = this;
  ops.read = [](void* self, std::uint64_t address, void* data, std::size_t bytes) {
    return static_cast<HostCpu*>(self)->load(tlm::TLM_READ_COMMAND, address, data, bytes);
  };
  ops.write = [](void* self, std::uint64_t address, const void* data, std::size_t bytes) {
    return static_cast<HostCpu*>(self)->load(tlm::TLM_WRITE_COMMAND, address,
                                             const_cast<void*>(data), bytes);
  };
  return ops;
}

int HostCpu::load(tlm::tlm_command command, std::uint64_t address, void* data, std::size_t bytes) {
  const bool ok = debug(command, address, data, bytes);
  ended({command == tlm::TLM_READ_COMMAND ? HostAccess::Kind::debug_read
                                          : HostAccess::Kind::debug_write,
         address, data, bytes, sc_core::sc_time_stamp(), ok,
         ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_GENERIC_ERROR_RESPONSE});
  return ok ? 0 : 1;
}

tlm::tlm_response_status HostCpu::transport(tlm::tlm_command command, std::uint64_t address,
                                            void* data, std::size_t bytes) {
  info_.port = kHostPort;
  info_.charged_bytes = static_cast<std::uint32_t>(bytes);
  tlm::tlm_generic_payload payload;
  set_access(payload, command, address, data, bytes);
  payload.set_extension(&info_);
  const sc_core::sc_time start = sc_core::sc_time_stamp();
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  in_access_ = true;
  view_.enter("access");
  if (bytes != 0) {
    bus->b_transport(payload, delay);
  } else {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
  }
  payload.clear_extension(&info_);
  if (delay != sc_core::SC_ZERO_TIME) wait(delay);
  view_.enter("program");
  in_access_ = false;
  const HostAccess access{
      command == tlm::TLM_READ_COMMAND ? HostAccess::Kind::read : HostAccess::Kind::write,
      address,
      data,
      bytes,
      start,
      payload.is_response_ok(),
      payload.get_response_status()};
  note(access);
  ended(access);
  return payload.get_response_status();
}

bool HostCpu::wait_irq(sc_core::sc_time timeout) {
  const std::string before = std::exchange(waiting_for_, "the interrupt");
  const sc_core::sc_time start = sc_core::sc_time_stamp();
  std::optional<BoundedWait> bounded;
  if (timeout != sc_core::sc_max_time()) bounded.emplace(*this);
  view_.enter("wait");
  while (!irq.read()) {
    if (timeout == sc_core::sc_max_time()) {
      wait(irq.value_changed_event());
      continue;
    }
    const sc_core::sc_time waited = sc_core::sc_time_stamp() - start;
    if (waited >= timeout) break;
    wait(timeout - waited, irq.value_changed_event());
  }
  waiting_for_ = before;
  view_.enter("program");
  ended({HostAccess::Kind::wait_irq, 0, nullptr, 0, start, irq.read(), tlm::TLM_OK_RESPONSE});
  return irq.read();
}

MemoryReader HostCpu::reader() {
  return [this](std::uint64_t address, void* data, std::uint64_t bytes) {
    return debug(tlm::TLM_READ_COMMAND, address, data, bytes);
  };
}

bool HostCpu::debug(tlm::tlm_command command, std::uint64_t address, void* data,
                    std::size_t bytes) {
  if (bytes == 0) return false;
  tlm::tlm_generic_payload payload;
  set_access(payload, command, address, data, bytes);
  return bus->transport_dbg(payload) == bytes;
}

}  // namespace h2
