#include "platform/host/gdb/gdb_target.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "platform/host/gdb/hex.h"
#include "platform/host/riscv/h2_soc.h"

namespace h2 {
namespace {

constexpr std::uint32_t kLongestAccess = 8192;
constexpr const char* kError = "E01";

struct Register {
  const char* name;
  std::uint32_t number;  ///< of the CSR
};

/// In the order of GDB's numbers: x0 to x31 and pc before these.
constexpr std::uint32_t kPc = 32, kFirstCsr = 33;
constexpr Register kCsrs[] = {{"mstatus", kCsrMstatus}, {"mie", kCsrMie},
                              {"mtvec", kCsrMtvec},     {"mscratch", kCsrMscratch},
                              {"mepc", kCsrMepc},       {"mcause", kCsrMcause},
                              {"mtval", kCsrMtval}};
constexpr std::uint32_t kMip = kFirstCsr + std::size(kCsrs), kRegisters = kMip + 1;

std::string description_of_registers() {
  const auto reg = [](const std::string& name, std::uint32_t number) {
    return "<reg name=\"" + name + "\" bitsize=\"32\" regnum=\"" + std::to_string(number) + "\"/>";
  };
  std::string xml =
      "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
      "<architecture>riscv:rv32</architecture><feature name=\"org.gnu.gdb.riscv.cpu\">";
  for (std::uint32_t n = 0; n < kPc; ++n) xml += reg("x" + std::to_string(n), n);
  xml += reg("pc", kPc) + "</feature><feature name=\"org.gnu.gdb.riscv.csr\">";
  for (std::uint32_t n = 0; n < std::size(kCsrs); ++n) xml += reg(kCsrs[n].name, kFirstCsr + n);
  return xml + reg("mip", kMip) + "</feature></target>";
}

bool starts(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

/// "a,b" and what follows the first of `ends`.
struct Pair {
  std::uint32_t first = 0, second = 0;
  std::string rest;
};
std::optional<Pair> parse_pair(const std::string& text, char end) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) return std::nullopt;
  const std::size_t stop = std::min(text.find(end, comma), text.size());
  const auto first = parse_hex(text.substr(0, comma));
  const auto second = parse_hex(text.substr(comma + 1, stop - comma - 1));
  if (!first || !second) return std::nullopt;
  return Pair{*first, *second, stop < text.size() ? text.substr(stop + 1) : ""};
}

std::string little_endian(std::uint32_t value) {
  std::uint8_t bytes[4];
  std::memcpy(bytes, &value, 4);
  return to_hex(bytes, 4);
}

std::uint32_t word(const std::uint8_t* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, 4);
  return value;
}

}  // namespace

std::string GdbTarget::answer(const std::string& packet) {
  switch (packet.empty() ? '\0' : packet[0]) {
    case 'g':
      return read_registers();
    case 'G':
      return write_registers(packet);
    case 'p': {
      const auto number = parse_hex(packet.substr(1));
      return number && *number < kRegisters ? little_endian(get(*number)) : kError;
    }
    case 'P': {
      const std::size_t equals = std::min(packet.find('='), packet.size() - 1);
      const auto number = parse_hex(packet.substr(1, equals - 1));
      const auto bytes = parse_bytes(packet.substr(equals + 1));
      if (!number || !bytes || bytes->size() != 4) return kError;
      return set(*number, word(bytes->data())) ? "OK" : kError;
    }
    case 'm':
      return read_memory(packet);
    case 'M':
      return write_memory(packet);
    case 'Z':
    case 'z':
      return change_point(packet);
    case 'H':
      return "OK";
    default:
      return query(packet);
  }
}

std::string GdbTarget::query(const std::string& packet) {
  if (starts(packet, "qSupported")) return "PacketSize=4000;qXfer:features:read+;QStartNoAckMode+";
  if (starts(packet, "qXfer:features:read:target.xml:")) return description(packet);
  if (packet == "qAttached") return "1";
  if (packet == "qC") return "QC1";
  if (packet == "qfThreadInfo") return "m1";
  if (packet == "qsThreadInfo") return "l";
  if (starts(packet, "qRcmd,")) {
    const auto command = parse_bytes(packet.substr(6));
    if (!command) return kError;
    const std::string text = monitor_(std::string(command->begin(), command->end()));
    return to_hex(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  return "";
}

std::string GdbTarget::description(const std::string& packet) const {
  const std::string xml = description_of_registers();
  const auto range = parse_pair(packet.substr(packet.rfind(':') + 1), ';');
  if (!range) return kError;
  const std::string part = range->first < xml.size() ? xml.substr(range->first, range->second) : "";
  return (range->first + part.size() < xml.size() ? "m" : "l") + part;
}

// Registers.

std::uint32_t GdbTarget::get(std::uint32_t number) {
  RiscvCore& core = host_.core();
  if (number < kPc) return core.reg(number);
  if (number == kPc) return core.pc();
  return number == kMip ? core.pending() : *core.csr(kCsrs[number - kFirstCsr].number);
}

bool GdbTarget::set(std::uint32_t number, std::uint32_t value) {
  RiscvCore& core = host_.core();
  if (number >= kMip) return false;
  if (number == kPc) {
    core.set_pc(value);
  } else if (number < kPc) {
    core.set_reg(number, value);
  } else {
    core.set_csr(kCsrs[number - kFirstCsr].number, value);
  }
  return true;
}

std::string GdbTarget::read_registers() {
  std::string text;
  for (std::uint32_t n = 0; n < kRegisters; ++n) text += little_endian(get(n));
  return text;
}

std::string GdbTarget::write_registers(const std::string& packet) {
  const auto bytes = parse_bytes(packet.substr(1));
  if (!bytes || bytes->size() != 4 * kRegisters) return kError;
  for (std::uint32_t n = 0; n < kMip; ++n) set(n, word(bytes->data() + 4 * n));
  return "OK";
}

// Memory.

/// Device registers take words only: a range outside RAM is read and written word by word.
bool GdbTarget::access(tlm::tlm_command command, std::uint32_t address, std::uint8_t* data,
                       std::uint32_t bytes) {
  if (host_.ram.at(address, bytes) != nullptr) {
    const bool ok = host_.debug(command, address, data, bytes);
    if (ok && command == tlm::TLM_WRITE_COMMAND) host_.core().code_changed(address, bytes);
    return ok;
  }
  if (address % 4 != 0 || bytes % 4 != 0) return false;
  for (std::uint32_t done = 0; done < bytes; done += 4)
    if (!host_.debug(command, address + done, data + done, 4)) return false;
  return true;
}

std::string GdbTarget::read_memory(const std::string& packet) {
  const auto range = parse_pair(packet.substr(1), ':');
  if (!range || range->second > kLongestAccess) return kError;
  std::vector<std::uint8_t> data(range->second);
  if (!access(tlm::TLM_READ_COMMAND, range->first, data.data(), range->second)) return kError;
  return to_hex(data.data(), data.size());
}

std::string GdbTarget::write_memory(const std::string& packet) {
  const auto range = parse_pair(packet.substr(1), ':');
  if (!range) return kError;
  auto data = parse_bytes(range->rest);
  if (!data || data->size() != range->second) return kError;
  return access(tlm::TLM_WRITE_COMMAND, range->first, data->data(), range->second) ? "OK" : kError;
}

// Break- and watchpoints.

std::string GdbTarget::change_point(const std::string& packet) {
  const auto where = packet.size() > 3 ? parse_pair(packet.substr(3), ';') : std::nullopt;
  if (!where) return kError;
  const bool insert = packet[0] == 'Z';
  const char kind = packet[1];  // 0 and 1: break, 2: on write, 3: on read, 4: on both
  RiscvCore& core = host_.core();
  if (kind == '0' || kind == '1') {
    if (insert) core.points().breakpoints.insert(where->first);
    if (!insert) core.points().breakpoints.erase(where->first);
    return "OK";
  }
  if (kind < '2' || kind > '4') return "";
  const DebugPoints::Watch watch{where->first, where->second, kind != '2', kind != '3'};
  if (insert) {
    core.points().watches.push_back(watch);
    return "OK";
  }
  const auto same = [&](const DebugPoints::Watch& w) {
    return w.address == watch.address && w.bytes == watch.bytes && w.on_read == watch.on_read &&
           w.on_write == watch.on_write;
  };
  core.points().watches.erase(
      std::remove_if(core.points().watches.begin(), core.points().watches.end(), same),
      core.points().watches.end());
  return "OK";
}

}  // namespace h2
