// SPDX-License-Identifier: Apache-2.0
#include "platform/host/gdb/gdb_server.h"

#include <algorithm>
#include <iostream>
#include <limits>
#include <utility>

#include "modules/base/error.h"
#include "platform/host/gdb/hex.h"

namespace h2 {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
constexpr const char* kError = "E01";
constexpr std::size_t kOutputPart = 2048;  ///< bytes of text in one packet

/// Signals as GDB numbers them.
enum Signal : std::uint8_t {
  kInterrupted = 2,
  kIllegalInstruction = 4,
  kTrap = 5,
  kMisaligned = 10,
  kNoMemory = 11,
  kSystemCall = 12
};

Signal signal_of(std::uint32_t cause) {
  switch (cause) {
    case kIllegal:
      return kIllegalInstruction;
    case kLoadMisaligned:
    case kStoreMisaligned:
      return kMisaligned;
    case kFetchFault:
    case kLoadFault:
    case kStoreFault:
      return kNoMemory;
    case kUserEcall:
    case kMachineEcall:
      return kSystemCall;
    default:
      return kTrap;
  }
}

std::string stop_reply(Signal signal, const std::string& more = "") {
  return "T" + to_hex(static_cast<std::uint8_t>(signal)) + more + "thread:1;";
}

std::string watch_reply(const DebugPoints::Watch& hit) {
  const char* const kind = !hit.on_read ? "watch" : hit.on_write ? "awatch" : "rwatch";
  return stop_reply(kTrap, std::string(kind) + ":" + to_hex(hit.address) + ";");
}

bool starts(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

}  // namespace

GdbServer::GdbServer(RiscvHost& host, std::uint16_t port, Monitor monitor,
                     std::function<bool()> stop)
    : host_(host),
      target_(host),
      monitor_(std::move(monitor)),
      stream_(port, std::move(stop)),
      reply_(stop_reply(kTrap)) {
  std::cerr << "gdb: waiting at localhost:" << stream_.port() << std::endl;
}

// When the processor runs.

std::uint64_t GdbServer::allow(RiscvCore::Stop last) {
  switch (mode_) {
    case Mode::attaching:
      while (mode_ == Mode::attaching) {
        if (!stream_.accept()) return 0;
        if (stream_.packet_begun(true)) serve();
      }
      break;
    case Mode::detached:
      listen();
      break;
    default:
      if (stops(last)) {
        stream_.send(reply_);
        serve();
      }
  }
  // A step takes wfi for an instruction that does nothing, so that it ends.
  if (mode_ == Mode::stepping) host_.core().wake();
  return mode_ == Mode::stepping ? 1 : kUnlimited;
}

/// A connection is a debugger from its first packet on; the processor does not wait for that.
void GdbServer::listen() {
  if (!stream_.connected() && !stream_.try_accept()) return;
  if (!stream_.packet_begun(false)) return;
  reply_ = stop_reply(kTrap);
  serve();
}

/// From here on a trap that nothing would handle stops the processor, and an ebreak does.
void GdbServer::attach() {
  host_.core().stop_before = [this](const Trap& trap) {
    return trap.cause == kBreakpoint || !host_.core().has_handler();
  };
}

bool GdbServer::stops(RiscvCore::Stop last) {
  const bool broken_in = stream_.interrupted();
  if (!stream_.connected()) {
    detach();
    return false;
  }
  reply_ = last == RiscvCore::Stop::watchpoint ? watch_reply(host_.core().hit())
                                               : stop_reply(broken_in ? kInterrupted : kTrap);
  if (last == RiscvCore::Stop::trap) {
    report_trap();
    return true;
  }
  if (last == RiscvCore::Stop::wfi && ends_step_in_wfi()) return true;
  if (broken_in || last == RiscvCore::Stop::breakpoint || last == RiscvCore::Stop::watchpoint)
    return true;
  const std::uint32_t pc = host_.core().pc();
  const bool on_the_way = step_range_ && pc >= step_range_->first && pc < step_range_->second;
  return mode_ == Mode::stepping && last != RiscvCore::Stop::wfi && !on_the_way;
}

/// GDB steps RISC-V by a breakpoint behind the instruction. In a wfi without a wake-up event
/// the processor would never reach it.
bool GdbServer::ends_step_in_wfi() {
  RiscvCore& core = host_.core();
  if (core.points().breakpoints.count(core.pc()) == 0 || host_.can_wake()) return false;
  core.wake();
  return true;
}

void GdbServer::report_trap() {
  const Trap& trap = host_.core().trap();
  reply_ = stop_reply(signal_of(trap.cause));
  stopped_at_ebreak_ = trap.cause == kBreakpoint ? std::optional(host_.core().pc()) : std::nullopt;
  if (!host_.core().has_handler()) print("firmware: " + host_.core().describe(trap) + "\n");
}

bool GdbServer::ended(int exit_code) {
  if (mode_ == Mode::detached || !stream_.connected()) return false;
  reply_ = "W" + to_hex(static_cast<std::uint8_t>(exit_code));
  stream_.send(reply_);
  if (!extended_) return false;
  over_ = true;
  serve();
  return !std::exchange(over_, false);
}

// While it is stopped.

void GdbServer::serve() {
  const Mode before = std::exchange(mode_, Mode::stopped);
  bool greeted = before != Mode::attaching && before != Mode::detached;
  while (mode_ == Mode::stopped) {
    const std::optional<std::string> packet = stream_.receive();
    if (!packet && greeted) return detach();
    if (!packet) {  // not a whole packet: no debugger
      stream_.disconnect();
      mode_ = before;
      return;
    }
    if (!greeted) attach();
    greeted = true;
    handle(*packet);
  }
}

void GdbServer::handle(const std::string& packet) {
  switch (packet.empty() ? '\0' : packet[0]) {
    case '!':
      extended_ = true;
      return stream_.send("OK");
    case '?':
      return stream_.send(reply_);
    case 'c':
    case 's':
    case 'C':
    case 'S':
      return resume(packet);
    case 'D':
      stream_.send("OK");
      return detach();
    case 'k':
      return kill();
    case 'R':
      restart();
      return;
    case 'v':
      return handle_verbose(packet);
    default:
      break;
  }
  if (starts(packet, "qRcmd,")) return command(packet);
  stream_.send(packet == "QStartNoAckMode" ? "OK" : target_.answer(packet));
  if (packet == "QStartNoAckMode") stream_.stop_acknowledging();
}

void GdbServer::handle_verbose(const std::string& packet) {
  if (packet == "vCont?") return stream_.send("vCont;c;C;s;S;r");
  if (starts(packet, "vCont;")) {
    // There is one thread: the first action is its own.
    const std::string action = packet.substr(6, packet.find(';', 6) - 6);
    return resume(action.substr(0, action.find(':')));
  }
  if (starts(packet, "vRun;")) {
    restart();
    return stream_.send(reply_);
  }
  if (starts(packet, "vKill")) {
    stream_.send("OK");
    return kill();
  }
  stream_.send("");
}

/// "c", "s", with an address to go on at; "C", "S" with a signal and, behind a semicolon, an
/// address; "r" with a range.
void GdbServer::resume(const std::string& action) {
  if (over_ || killed_) return stream_.send(over_ ? reply_ : kError);
  const char kind = action.empty() ? '\0' : action[0];
  std::string address;
  step_range_.reset();
  if (kind == 'r') {
    step_range_ = parse_range(action.substr(1), ':');
    if (!step_range_) return stream_.send(kError);
  } else if (kind == 'C' || kind == 'S') {
    const std::size_t semicolon = action.find(';');
    if (!parse_hex(action.substr(1, semicolon - 1))) return stream_.send(kError);
    if (semicolon != std::string::npos) address = action.substr(semicolon + 1);
  } else if (kind == 'c' || kind == 's') {
    address = action.substr(1);
  } else {
    return stream_.send(kError);
  }
  const std::optional<std::uint32_t> pc = parse_hex(address);
  if (!address.empty() && !pc) return stream_.send(kError);
  if (pc) {
    host_.core().set_pc(*pc);
  } else {
    pass_breakpoint();
  }
  mode_ = kind == 'c' || kind == 'C' ? Mode::running : Mode::stepping;
}

/// Behind an ebreak that nothing handles it goes on as behind a breakpoint of the debugger.
void GdbServer::pass_breakpoint() {
  RiscvCore& core = host_.core();
  const bool there = std::exchange(stopped_at_ebreak_, std::nullopt) == core.pc();
  if (!there || core.has_handler()) return;
  std::uint16_t half = 0;
  host_.debug(tlm::TLM_READ_COMMAND, core.pc(), &half, sizeof half);
  core.set_pc(core.pc() + ((half & 3) == 3 ? 4 : 2));
}

void GdbServer::command(const std::string& packet) {
  const auto bytes = parse_bytes(packet.substr(6));
  if (!bytes) return stream_.send(kError);
  const std::string name(bytes->begin(), bytes->end());
  std::string text;
  if (name == "reset") {
    text = restart() ? "" : "the card does not end its reset\n";
    text += "the processor is at the entry of its program, RAM and devices as at the start\n";
  } else {
    text = monitor_(name);
  }
  print(text);
  stream_.send("OK");
}

/// In packets of a length that every debugger takes.
void GdbServer::print(const std::string& text) {
  for (std::size_t at = 0; at < text.size(); at += kOutputPart) {
    const std::size_t part = std::min(text.size() - at, kOutputPart);
    stream_.send("O" + to_hex(reinterpret_cast<const std::uint8_t*>(text.data()) + at, part));
  }
}

/// False if the card does not end its reset.
bool GdbServer::restart() {
  reply_ = stop_reply(kTrap);
  over_ = killed_ = false;
  const bool ok = host_.reset();
  if (!ok) std::cerr << "gdb: the card does not end its reset" << std::endl;
  return ok;
}

void GdbServer::kill() {
  if (over_) return;
  killed_ = true;
  if (!extended_) throw RunError("the debugger ended the run");
}

void GdbServer::detach() {
  stream_.disconnect();
  if (killed_) throw RunError("the debugger ended the run");
  extended_ = false;
  host_.core().points() = {};
  host_.core().stop_before = nullptr;
  mode_ = Mode::detached;
}

}  // namespace h2
