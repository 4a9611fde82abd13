#include "platform/host/gdb/gdb_server.h"

#include <iostream>
#include <limits>
#include <utility>

#include "modules/base/error.h"
#include "platform/host/gdb/hex.h"

namespace h2 {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

std::string watch_reply(const DebugPoints::Watch& hit) {
  const char* const kind = !hit.on_read ? "watch" : hit.on_write ? "awatch" : "rwatch";
  return std::string("T05") + kind + ":" + to_hex(hit.address) + ";";
}

}  // namespace

GdbServer::GdbServer(RiscvHost& host, std::uint16_t port, GdbTarget::Monitor monitor)
    : host_(host), target_(host, std::move(monitor)), stream_(port) {
  std::cerr << "gdb: waiting at localhost:" << stream_.port() << std::endl;
}

std::uint64_t GdbServer::allow(RiscvCore::Stop last) {
  switch (mode_) {
    case Mode::attaching:
      stream_.accept();
      serve();
      break;
    case Mode::detached:
      if (stream_.try_accept()) serve();
      break;
    default:
      if (stops(last)) {
        stream_.send(reply_);
        serve();
      }
  }
  return mode_ == Mode::stepping ? 1 : kUnlimited;
}

bool GdbServer::stops(RiscvCore::Stop last) {
  const bool broken_in = stream_.interrupted();
  if (!stream_.connected()) {
    detach();
    return false;
  }
  reply_ = last == RiscvCore::Stop::watchpoint ? watch_reply(host_.core().hit())
           : broken_in                         ? "S02"
                                               : "S05";
  return broken_in || (mode_ == Mode::stepping && last != RiscvCore::Stop::wfi) ||
         last == RiscvCore::Stop::breakpoint || last == RiscvCore::Stop::watchpoint;
}

void GdbServer::serve() {
  mode_ = Mode::stopped;
  while (mode_ == Mode::stopped) {
    const std::optional<std::string> packet = stream_.receive();
    if (!packet) {
      detach();
    } else {
      handle(*packet);
    }
  }
}

void GdbServer::handle(const std::string& packet) {
  switch (packet.empty() ? '\0' : packet[0]) {
    case '?':
      stream_.send(reply_);
      break;
    case 'c':
    case 's':
      resume(packet);
      break;
    case 'D':
      stream_.send("OK");
      detach();
      break;
    case 'k':
      throw RunError("the debugger ended the run");
    default:
      if (packet == "QStartNoAckMode") {
        stream_.send("OK");
        stream_.stop_acknowledging();
      } else {
        stream_.send(target_.answer(packet));
      }
  }
}

void GdbServer::resume(const std::string& packet) {
  if (packet.size() > 1) {
    const std::optional<std::uint32_t> pc = parse_hex(packet.substr(1));
    if (!pc) return stream_.send("E01");
    host_.core().set_pc(*pc);
  }
  mode_ = packet[0] == 's' ? Mode::stepping : Mode::running;
}

void GdbServer::detach() {
  stream_.disconnect();
  host_.core().points() = {};
  mode_ = Mode::detached;
}

void GdbServer::ended(int exit_code) {
  if (stream_.connected()) stream_.send("W" + to_hex(static_cast<std::uint8_t>(exit_code)));
}

}  // namespace h2
