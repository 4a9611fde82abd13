// SPDX-License-Identifier: Apache-2.0
#include "platform/host/gdb/monitor.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <sstream>
#include <vector>

#include "modules/contract/h2_contract.h"
#include "platform/host/gdb/hex.h"

namespace h2 {
namespace {

template <class... Values>
std::string line(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text + std::string("\n");
}

std::string ranges(const std::vector<AddressRange>& map) {
  std::string text;
  for (const AddressRange& r : map)
    text += line("  0x%010" PRIx64 " to 0x%010" PRIx64 "  %s", r.base, r.base + r.bytes - 1,
                 r.name.c_str());
  return text;
}

const char* opcode_name(std::uint8_t opcode) {
  switch (opcode) {
#define H2_CASE(name, value, text) \
  case value:                      \
    return #name;
    H2_OPCODES(H2_CASE)
#undef H2_CASE
    default:
      return "illegal";
  }
}

const char* status_name(std::uint32_t status) {
  switch (status) {
    case H2_OK:
      return "OK";
#define H2_CASE(name, value, text) \
  case value:                      \
    return #name;
      H2_ERRORS(H2_CASE)
#undef H2_CASE
    default:
      return "unknown";
  }
}

constexpr std::uint64_t kLongestDump = 65536, kDumpLine = 16;

/// Nothing unless `text` is a decimal or, behind 0x, a hexadecimal number of 64 bits.
std::optional<std::uint64_t> parse_number(const std::string& text) {
  const bool hexadecimal = text.rfind("0x", 0) == 0;
  const std::string digits = hexadecimal ? text.substr(2) : text;
  const char* const legal = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
  if (digits.empty() || digits.find_first_not_of(legal) != std::string::npos) return std::nullopt;
  errno = 0;
  const std::uint64_t value = std::strtoull(digits.c_str(), nullptr, hexadecimal ? 16 : 10);
  if (errno != 0) return std::nullopt;
  return value;
}

std::string dump_line(std::uint64_t address, const std::uint8_t* bytes, std::uint32_t count) {
  std::string hex, text;
  for (std::uint32_t i = 0; i < kDumpLine; ++i) {
    if (i % 4 == 0) hex += ' ';
    hex += i < count ? ' ' + to_hex(bytes[i]) : "   ";
    if (i < count) text += bytes[i] >= ' ' && bytes[i] < 127 ? static_cast<char>(bytes[i]) : '.';
  }
  return line("0x%010" PRIx64 ":%s  %s", address, hex.c_str(), text.c_str());
}

}  // namespace

std::string Monitor::operator()(const std::string& command) {
  if (command == "regs") return registers();
  if (command == "stats") return statistics();
  if (command == "map") return map();
  if (command == "descriptors") return descriptors();
  if (command == "completions") return completions();
  if (command == "memory" || command.rfind("memory ", 0) == 0)
    return memory(command.substr(std::strlen("memory")));
  if (command == "trace on") return trace(true);
  if (command == "trace off") return trace(false);
  return "monitor regs         registers of the card\n"
         "monitor stats        time, instructions, engines, memories\n"
         "monitor map          address maps of the processor and of the system bus\n"
         "monitor descriptors  descriptor ring of the card\n"
         "monitor completions  completion ring of the card\n"
         "monitor memory ADDRESS LENGTH\n"
         "                     bytes anywhere in the map; 0x... or decimal\n"
         "monitor reset        the program again from its start\n"
         "monitor trace on     show the processor's accesses to the system bus (trace off)\n";
}

std::uint32_t Monitor::card_register(std::uint32_t offset) {
  std::uint32_t value = 0;
  platform_.host.debug(tlm::TLM_READ_COMMAND, H2_REGS_BASE + offset, &value, sizeof value);
  return value;
}

std::string Monitor::registers() {
  std::string text;
#define H2_LINE(name, offset, access, reset, description) \
  text += line("%-20s 0x%03x 0x%08x", #name, unsigned{offset}, card_register(offset));
  H2_REGISTERS(H2_LINE)
#undef H2_LINE
  return text;
}

std::string Monitor::statistics() const {
  std::string text =
      line("core cycle %" PRIu64 ", %.3f us; processor at %.3f us", platform_.cycle(),
           sc_core::sc_time_stamp().to_seconds() * 1e6, host_.now().to_seconds() * 1e6);
  text += line("instructions %" PRIu64 ", interrupts raised %" PRIu64, host_.instructions(),
               platform_.controller.interrupts());
  for (const JobEngine* e : platform_.engines())
    text += line("%s: %" PRIu64 " jobs", e->basename(), e->jobs());
  for (const auto& m : platform_.memories)
    text += line("%s: %" PRIu64 " bytes read, %" PRIu64 " written", m->basename(),
                 m->stats().total_read(), m->stats().total_write());
  return text + platform_.describe() + "\n";
}

std::string Monitor::map() const {
  return "processor\n" + ranges(host_.interconnect.map()) + "system bus (registers, host DMA)\n" +
         ranges(platform_.interconnect.map());
}

std::string Monitor::descriptors() {
  const std::uint32_t size = card_register(H2_REG_RING_SIZE);
  const std::uint32_t head = card_register(H2_REG_RING_HEAD);
  const std::uint32_t tail = card_register(H2_REG_RING_TAIL);
  const std::uint64_t base =
      card_register(H2_REG_RING_BASE_LO) | std::uint64_t{card_register(H2_REG_RING_BASE_HI)} << 32;
  std::string text =
      line("ring of %u at 0x%010" PRIx64 ", head %u, tail %u", size, base, head, tail);
  for (std::uint32_t i = 0; i < size && i < H2_RING_MAX; ++i) {
    h2_descriptor d;
    const std::uint64_t at = base + i * sizeof d;
    if (!platform_.host.debug(tlm::TLM_READ_COMMAND, at, &d, sizeof d)) break;
    if (d.version == 0) continue;
    text += line("%4u  tag %u  %s  Mem%u  %u samples  depends %u  flags 0x%x%s", i, d.tag,
                 opcode_name(d.opcode), unsigned{d.memory}, unsigned{d.samples}, d.depends,
                 unsigned{d.flags}, i == head ? "  <- head" : "");
  }
  return text;
}

std::string Monitor::completions() {
  const std::uint32_t size = card_register(H2_REG_RING_SIZE);
  const std::uint32_t head = card_register(H2_REG_COMPLETION_HEAD);
  const std::uint32_t tail = card_register(H2_REG_COMPLETION_TAIL);
  const std::uint64_t base = card_register(H2_REG_COMPLETION_BASE_LO) |
                             std::uint64_t{card_register(H2_REG_COMPLETION_BASE_HI)} << 32;
  std::string text =
      line("ring of %u at 0x%010" PRIx64 ", head %u, tail %u", size, base, head, tail);
  for (std::uint32_t i = 0; i < size && i < H2_RING_MAX; ++i) {
    h2_completion c;
    const std::uint64_t at = base + i * sizeof c;
    if (!platform_.host.debug(tlm::TLM_READ_COMMAND, at, &c, sizeof c)) break;
    if (c.tag == 0) continue;
    text += line("%4u  tag %u  %s  layer %u  timestep %u  cycles %" PRIu64 " to %" PRIu64 "%s%s", i,
                 c.tag, status_name(c.status), c.layer, c.timestep, c.start_cycle, c.end_cycle,
                 i == tail ? "  <- tail" : "", i == head ? "  <- head" : "");
  }
  return text;
}

/// Memories in any piece; device registers as the words they are.
bool Monitor::read(std::uint64_t address, std::uint8_t* data, std::uint32_t bytes) {
  if (platform_.host.debug(tlm::TLM_READ_COMMAND, address, data, bytes)) return true;
  for (std::uint32_t done = 0; done < bytes;) {
    const std::uint64_t at = address + done, aligned = at & ~std::uint64_t{3};
    const auto skipped = static_cast<std::uint32_t>(at - aligned);
    const std::uint32_t taken = std::min(4 - skipped, bytes - done);
    std::uint8_t word[4];
    const bool ok = platform_.host.debug(tlm::TLM_READ_COMMAND, aligned, word, sizeof word) ||
                    (aligned <= UINT32_MAX &&
                     host_.debug(tlm::TLM_READ_COMMAND, static_cast<std::uint32_t>(aligned), word,
                                 sizeof word));
    if (!ok) return false;
    std::memcpy(data + done, word + skipped, taken);
    done += taken;
  }
  return true;
}

std::string Monitor::memory(const std::string& arguments) {
  std::istringstream in(arguments);
  std::string first, second, more;
  in >> first >> second;
  const auto address = parse_number(first), length = parse_number(second);
  if (!address || !length || in >> more || *length < 1 || *length > kLongestDump) {
    return "legal: monitor memory ADDRESS LENGTH, numbers as 4096 or 0x1000, LENGTH 1 to " +
           std::to_string(kLongestDump) + "\n";
  }
  std::vector<std::uint8_t> bytes(*length);
  std::string text;
  for (std::uint64_t at = 0; at < *length; at += kDumpLine) {
    const auto count = static_cast<std::uint32_t>(std::min(*length - at, kDumpLine));
    if (!read(*address + at, bytes.data() + at, count)) {
      return text + line("0x%010" PRIx64 ": nothing answers there (monitor map)", *address + at);
    }
    text += dump_line(*address + at, bytes.data() + at, count);
  }
  return text;
}

std::string Monitor::trace(bool on) {
  if (!on) {
    platform_.host.on_access = nullptr;
    return "trace off\n";
  }
  platform_.host.on_access = [this](const HostAccess& a) {
    if (a.kind != HostAccess::Kind::read && a.kind != HostAccess::Kind::write) return;
    std::uint32_t value = 0;
    std::memcpy(&value, a.data, std::min(a.bytes, sizeof value));
    std::cerr << line("trace: cycle %" PRIu64 " %s 0x%010" PRIx64 " %zu bytes 0x%08x%s",
                      platform_.cycle(), a.kind == HostAccess::Kind::read ? "read " : "write",
                      a.address, a.bytes, value, a.ok ? "" : " error response");
  };
  return "trace on: accesses go to stderr of h2vp\n";
}

}  // namespace h2
