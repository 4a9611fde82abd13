// SPDX-License-Identifier: Apache-2.0
#include "platform/host/gdb/target_memory.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <vector>

#include "platform/host/gdb/hex.h"

namespace h2 {
namespace {

constexpr std::uint32_t kLongestAccess = 8192;
constexpr const char* kError = "E01";

bool is_ram(const AddressRange& range) { return range.name == "ram"; }

}  // namespace

std::optional<PacketRange> parse_range(const std::string& text, char end) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) return std::nullopt;
  const std::size_t stop = std::min(text.find(end, comma), text.size());
  const auto first = parse_hex(text.substr(0, comma));
  const auto second = parse_hex(text.substr(comma + 1, stop - comma - 1));
  if (!first || !second) return std::nullopt;
  return PacketRange{*first, *second, stop < text.size() ? text.substr(stop + 1) : ""};
}

/// Device registers are read as the words they are; looking changes none, so that parts of a word
/// can be shown, too. Returns the bytes up to the first that nothing answers for.
std::uint32_t GdbMemory::read(std::uint32_t address, std::uint8_t* data, std::uint32_t bytes) {
  if (host_.ram.at(address, bytes) != nullptr)
    return host_.debug(tlm::TLM_READ_COMMAND, address, data, bytes) ? bytes : 0;
  std::uint32_t done = 0;
  while (done < bytes) {
    const std::uint32_t at = address + done, skipped = at % 4;
    const std::uint32_t taken = std::min(4 - skipped, bytes - done);
    std::uint8_t word[4];
    if (!host_.debug(tlm::TLM_READ_COMMAND, at - skipped, word, sizeof word)) break;
    std::memcpy(data + done, word + skipped, taken);
    done += taken;
  }
  return done;
}

std::string GdbMemory::read(const std::string& packet) {
  const auto range = parse_range(packet.substr(1), ':');
  if (!range || range->second > kLongestAccess) return kError;
  std::vector<std::uint8_t> data(range->second);
  // A part is an answer, too: debuggers read ahead.
  const std::uint32_t bytes = read(range->first, data.data(), range->second);
  return bytes > 0 || data.empty() ? to_hex(data.data(), bytes) : kError;
}

/// RAM alone: a write to a device is an order that takes effect in simulated time.
std::string GdbMemory::write(const std::string& packet) {
  const auto range = parse_range(packet.substr(1), ':');
  if (!range) return kError;
  auto data = parse_bytes(range->rest);
  if (!data || data->size() != range->second) return kError;
  if (host_.ram.at(range->first, range->second) == nullptr ||
      !host_.debug(tlm::TLM_WRITE_COMMAND, range->first, data->data(), range->second)) {
    return kError;
  }
  host_.core().code_changed(range->first, range->second);
  return "OK";
}

std::string GdbMemory::map() const {
  std::string xml =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map "
      "V1.0//EN\" \"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n";
  for (const AddressRange& r : host_.interconnect.map()) {
    char line[96];
    // GDB knows ram, rom and flash; it asks a device again each time, as it does "ram".
    std::snprintf(line, sizeof line,
                  "<memory type=\"ram\" start=\"0x%" PRIx64 "\" length=\"0x%" PRIx64 "\"/>\n",
                  r.base, r.bytes);
    xml += line;
  }
  return xml + "</memory-map>\n";
}

std::string GdbMemory::region(std::uint32_t address) const {
  std::uint64_t begin = 0, end = std::uint64_t{1} << 32;  // of the gap
  for (const AddressRange& r : host_.interconnect.map()) {
    if (address >= r.base && address - r.base < r.bytes) {
      return "start:" + to_hex(static_cast<std::uint32_t>(r.base)) +
             ";size:" + to_hex(static_cast<std::uint32_t>(r.bytes)) +
             ";permissions:" + (is_ram(r) ? "rwx" : "rw") + ";";
    }
    if (r.base > address) end = std::min(end, r.base);
    if (r.base + r.bytes <= address) begin = std::max(begin, r.base + r.bytes);
  }
  return "start:" + to_hex(static_cast<std::uint32_t>(begin)) + ";size:" +
         to_hex(static_cast<std::uint32_t>(std::min(end - begin, std::uint64_t{UINT32_MAX}))) + ";";
}

}  // namespace h2
