// SPDX-License-Identifier: Apache-2.0
#include "platform/host/gdb/gdb_target.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "platform/host/gdb/hex.h"
#include "platform/host/gdb/registers.h"

namespace h2 {
namespace {

constexpr const char* kError = "E01";

bool starts(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

/// The part of a document that a qXfer packet asks for at its end: "offset,length".
std::string part(const std::string& document, const std::string& packet) {
  const auto range = parse_range(packet.substr(packet.rfind(':') + 1), ';');
  if (!range) return kError;
  const std::string text =
      range->first < document.size() ? document.substr(range->first, range->second) : "";
  return (range->first + text.size() < document.size() ? "m" : "l") + text;
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
    case 'p':
      return read_register(packet);
    case 'P':
      return write_register(packet);
    case 'm':
      return memory_.read(packet);
    case 'M':
      return memory_.write(packet);
    case 'Z':
    case 'z':
      return change_point(packet);
    case 'H':
    case 'T':
      return "OK";
    default:
      return query(packet);
  }
}

std::string GdbTarget::query(const std::string& packet) {
  if (starts(packet, "qSupported")) {
    return "PacketSize=4000;qXfer:features:read+;qXfer:memory-map:read+;QStartNoAckMode+;"
           "vContSupported+";
  }
  if (starts(packet, "qXfer:features:read:target.xml:"))
    return part(registers::description(), packet);
  if (starts(packet, "qXfer:memory-map:read::")) return part(memory_.map(), packet);
  if (starts(packet, "qMemoryRegionInfo:")) {
    const auto address = parse_hex(packet.substr(packet.find(':') + 1));
    return address ? memory_.region(*address) : kError;
  }
  if (packet == "qAttached") return "1";
  if (packet == "qC") return "QC1";
  if (packet == "qfThreadInfo") return "m1";
  if (packet == "qsThreadInfo") return "l";
  return "";
}

// Registers.

std::string GdbTarget::read_register(const std::string& packet) {
  const auto number = parse_hex(packet.substr(1));
  const auto value = number ? registers::get(host_.core(), *number) : std::nullopt;
  return value ? little_endian(*value) : kError;
}

std::string GdbTarget::write_register(const std::string& packet) {
  const std::size_t equals = std::min(packet.find('='), packet.size() - 1);
  const auto number = parse_hex(packet.substr(1, equals - 1));
  const auto bytes = parse_bytes(packet.substr(equals + 1));
  if (!number || !bytes || bytes->size() != 4) return kError;
  return registers::set(host_.core(), *number, word(bytes->data())) ? "OK" : kError;
}

std::string GdbTarget::read_registers() {
  std::string text;
  for (std::uint32_t n = 0; n < registers::kTogether; ++n)
    text += little_endian(*registers::get(host_.core(), n));
  return text;
}

std::string GdbTarget::write_registers(const std::string& packet) {
  const auto bytes = parse_bytes(packet.substr(1));
  if (!bytes || bytes->size() != std::size_t{4} * registers::kTogether) return kError;
  for (std::uint32_t n = 0; n < registers::kTogether; ++n)
    registers::set(host_.core(), n, word(bytes->data() + std::size_t{4} * n));
  return "OK";
}

// Break- and watchpoints.

std::string GdbTarget::change_point(const std::string& packet) {
  const auto where = packet.size() > 3 ? parse_range(packet.substr(3), ';') : std::nullopt;
  if (!where) return kError;
  const bool insert = packet[0] == 'Z';
  const char kind = packet[1];  // 0 and 1: break, 2: on write, 3: on read, 4: on both
  DebugPoints& points = host_.core().points();
  if (kind == '0' || kind == '1') {
    if (insert) points.breakpoints.insert(where->first);
    if (!insert) points.breakpoints.erase(where->first);
    return "OK";
  }
  if (kind < '2' || kind > '4') return "";
  const DebugPoints::Watch watch{where->first, where->second, kind != '2', kind != '3'};
  const auto same = [&](const DebugPoints::Watch& w) {
    return w.address == watch.address && w.bytes == watch.bytes && w.on_read == watch.on_read &&
           w.on_write == watch.on_write;
  };
  // A debugger may say a thing twice.
  std::vector<DebugPoints::Watch>& watches = points.watches;
  watches.erase(std::remove_if(watches.begin(), watches.end(), same), watches.end());
  if (insert) watches.push_back(watch);
  return "OK";
}

}  // namespace h2
