// SPDX-License-Identifier: Apache-2.0
#include "platform/host/remote/remote_server.h"

#include <algorithm>

#include "platform/host/remote/wire_socket.h"
#include "platform/platform.h"

namespace h2 {
namespace {

h2_wire_reply reply_to(const h2_wire_request& request, std::uint16_t status) {
  h2_wire_reply reply{};
  reply.magic = H2_WIRE_MAGIC;
  reply.version = H2_WIRE_VERSION;
  reply.status = status;
  reply.time_ps = sc_core::sc_time_stamp().value();
  reply.response = tlm::TLM_OK_RESPONSE;
  reply.sequence = request.sequence;
  return reply;
}

bool carries_data(const h2_wire_request& request) {
  return request.op == H2_WIRE_WRITE || request.op == H2_WIRE_DEBUG_WRITE;
}

}  // namespace

RemoteServer::RemoteServer(const std::string& socket_path, Platform& platform, bool once)
    : platform_(platform), once_(once), socket_(std::make_unique<WireSocket>(socket_path)) {}

RemoteServer::~RemoteServer() = default;

void RemoteServer::operator()(HostCpu& host) {
  while (!(once_ && stats_.clients > 0) && socket_->accept()) {
    serve_client(host);
    socket_->close();
  }
}

void RemoteServer::serve_client(HostCpu& host) {
  greeted_ = false;
  h2_wire_request request;
  while (receive(request)) {
    host.heartbeat();
    if (!send(execute(host, request))) return;
  }
}

bool RemoteServer::receive(h2_wire_request& request) {
  if (!socket_->read(&request, sizeof request)) return false;
  const std::uint16_t status = check(request);
  if (status != H2_WIRE_OK) {
    ++stats_.damaged;
    data_.clear();
    send(reply_to(request, status));
    return false;
  }
  if (!greeted_) ++stats_.clients;
  greeted_ = true;
  data_.resize(request.bytes);
  return !carries_data(request) || socket_->read(data_.data(), data_.size());
}

std::uint16_t RemoteServer::check(const h2_wire_request& request) const {
  if (request.magic != H2_WIRE_MAGIC) return H2_WIRE_BAD_MAGIC;
  if (request.version != H2_WIRE_VERSION) return H2_WIRE_BAD_VERSION;
  const bool known = request.op >= H2_WIRE_HELLO && request.op <= H2_WIRE_WORK;
  if (!known || (!greeted_ && request.op != H2_WIRE_HELLO)) return H2_WIRE_BAD_OP;
  const bool moves =
      carries_data(request) || request.op == H2_WIRE_READ || request.op == H2_WIRE_DEBUG_READ;
  if (request.bytes > (moves ? H2_WIRE_MAX_BYTES : 0)) return H2_WIRE_BAD_LENGTH;
  if (request.op == H2_WIRE_WAIT_IRQ && request.address > H2_WIRE_MAX_WAIT_NS) {
    return H2_WIRE_BAD_LENGTH;
  }
  return H2_WIRE_OK;
}

h2_wire_reply RemoteServer::execute(HostCpu& host, const h2_wire_request& request) {
  int response = tlm::TLM_OK_RESPONSE;
  bool interrupt = true;
  switch (request.op) {
    case H2_WIRE_READ:
      ++stats_.reads;
      stats_.read_bytes += request.bytes;
      response = host.transport(tlm::TLM_READ_COMMAND, request.address, data_.data(), data_.size());
      break;
    case H2_WIRE_WRITE:
      ++stats_.writes;
      stats_.write_bytes += request.bytes;
      response =
          host.transport(tlm::TLM_WRITE_COMMAND, request.address, data_.data(), data_.size());
      break;
    case H2_WIRE_DEBUG_READ:
    case H2_WIRE_DEBUG_WRITE:
      ++stats_.loader_accesses;
      response = load(host, request);
      break;
    case H2_WIRE_WAIT_IRQ:
      ++stats_.waits;
      interrupt = wait_irq(host, request.address);
      break;
    case H2_WIRE_WORK:
      host.work();
      break;
    default:
      break;
  }
  const bool ok = response == tlm::TLM_OK_RESPONSE;
  std::uint16_t status = interrupt ? H2_WIRE_OK : H2_WIRE_NO_IRQ;
  if (!ok) status = H2_WIRE_REFUSED;
  if (!ok || carries_data(request)) data_.clear();
  h2_wire_reply reply = reply_to(request, status);
  reply.response = response;
  reply.bytes = static_cast<std::uint32_t>(data_.size());
  return reply;
}

int RemoteServer::load(HostCpu& host, const h2_wire_request& request) {
  const h2_bus bus = host.loader_bus();
  const int failed = request.op == H2_WIRE_DEBUG_READ
                         ? bus.read(bus.context, request.address, data_.data(), data_.size())
                         : bus.write(bus.context, request.address, data_.data(), data_.size());
  return failed != 0 ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
}

/// Waits are cut into slices to heed signals.
bool RemoteServer::wait_irq(HostCpu& host, std::uint64_t timeout_ns) {
  if (timeout_ns == 0) return wait_irq_while_it_moves(host);
  const HostCpu::BoundedWait bounded(host);
  sc_core::sc_time left = sc_core::sc_time::from_value(timeout_ns * 1000);
  const sc_core::sc_time slice = std::max(left / 1000, sc_core::sc_time(1, sc_core::SC_MS));
  while (!host.wait_irq(std::min(slice, left))) {
    if (left <= slice || socket_->stopped()) return false;
    left -= slice;
  }
  return true;
}

/// A wait without a timeout ends when nothing moves any more, before the watchdog takes a client's
/// mistake for a hang of the card.
bool RemoteServer::wait_irq_while_it_moves(HostCpu& host) {
  const sc_core::sc_time window =
      static_cast<double>(platform_.watchdog_cycles()) / 2 * platform_.period();
  const sc_core::sc_time slice = std::min(window / 4, sc_core::sc_time(1, sc_core::SC_MS));
  sc_core::sc_time moved = sc_core::sc_time_stamp();
  std::uint64_t seen = platform_.progress();
  while (!host.wait_irq(slice)) {
    const sc_core::sc_time now = sc_core::sc_time_stamp();
    if (platform_.progress() != seen) moved = now;
    seen = platform_.progress();
    if (now - moved >= window || socket_->stopped()) return false;
  }
  return true;
}

bool RemoteServer::send(const h2_wire_reply& reply) {
  return socket_->write(&reply, sizeof reply, data_);
}

}  // namespace h2
