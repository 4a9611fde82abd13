// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <fstream>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/aedat.h"

namespace h2 {
namespace {

constexpr std::size_t kPacketHeaderBytes = 28, kPolarityBytes = 8;
constexpr std::uint32_t kPolarityType = 1;

std::uint32_t little_endian(const std::uint8_t* bytes) {
  return bytes[0] | (std::uint32_t{bytes[1]} << 8) | (std::uint32_t{bytes[2]} << 16) |
         (std::uint32_t{bytes[3]} << 24);
}

/// What every packet begins with.
struct PacketHeader {
  std::uint32_t type, event_bytes, time_offset, overflow, capacity, events;
};

PacketHeader decode_header(const std::uint8_t* bytes) {
  return {little_endian(bytes) & 0xFFFFU, little_endian(bytes + 4),  little_endian(bytes + 8),
          little_endian(bytes + 12),      little_endian(bytes + 16), little_endian(bytes + 20)};
}

/// Behind the lines of text, of which "#!END-HEADER" is the last.
std::uint64_t skip_text(const std::string& path, std::istream& file) {
  std::string line;
  std::getline(file, line);
  if (line.rfind("#!AER-DAT3.1", 0) != 0) {
    throw InputError(path + ": does not begin with \"#!AER-DAT3.1\"");
  }
  while (std::getline(file, line) && !line.empty() && line[0] == '#') {
    if (line.rfind("#!END-HEADER", 0) == 0) return static_cast<std::uint64_t>(file.tellg());
  }
  throw InputError(path + ": has no line \"#!END-HEADER\"");
}

std::uint64_t time_of(const std::uint8_t* event, std::uint64_t overflow) {
  return (overflow << 31U) + little_endian(event + 4);
}

void require_sound(const std::string& where, const PacketHeader& header, std::uint64_t left) {
  const bool polarity = header.type == kPolarityType;
  if (header.events > header.capacity || header.event_bytes > (1U << 26U) ||
      (polarity && header.event_bytes != kPolarityBytes)) {
    throw InputError(where + ": " + std::to_string(header.events) + " events of " +
                     std::to_string(header.event_bytes) + " bytes in a place for " +
                     std::to_string(header.capacity) + "; legal for polarity events: 8 bytes each");
  }
  if (std::uint64_t{header.events} * header.event_bytes > left) {
    throw InputError(where + ": announces " + std::to_string(header.events) + " events of " +
                     std::to_string(header.event_bytes) + " bytes, the file has " +
                     std::to_string(left) + " bytes left");
  }
}

std::ifstream open_aedat(const std::string& path) {
  require_plain_file(path, "an AEDAT file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path + ": cannot be opened");
  return file;
}

void read_into(std::istream& file, const std::string& path, std::uint64_t at, std::uint8_t* bytes,
               std::size_t size) {
  file.seekg(static_cast<std::streamoff>(at));
  file.read(reinterpret_cast<char*>(bytes), static_cast<std::streamsize>(size));
  if (!file) throw InputError(path + ": cannot be read at byte " + std::to_string(at));
}

/// Bit 0 valid, bit 1 polarity, then 15 bits row, 15 bits column.
void take_event(const std::uint8_t* bytes, int share, std::uint64_t us, Recording& recording,
                const std::string& where) {
  const std::uint32_t word = little_endian(bytes);
  if ((word & 1U) == 0) {
    ++recording.markers;
    return;
  }
  const int row = static_cast<int>((word >> 2U) & 0x7FFFU), column = static_cast<int>(word >> 17U);
  if (row >= kDvs128Side || column >= kDvs128Side) {
    throw InputError(where + " is at column " + std::to_string(column) + ", row " +
                     std::to_string(row) + ", legal: 0..127");
  }
  recording.events.push_back(
      {column / share, row / share, static_cast<int>((word >> 1U) & 1U), us});
}

}  // namespace

std::vector<AedatPacket> list_aedat3(const std::string& path) {
  std::ifstream file = open_aedat(path);
  std::uint64_t at = skip_text(path, file);
  file.seekg(0, std::ios::end);
  const auto size = static_cast<std::uint64_t>(file.tellg());
  std::vector<AedatPacket> packets;
  for (std::size_t number = 0; at < size; ++number) {
    const std::string where = path + ": packet " + std::to_string(number);
    if (size - at < kPacketHeaderBytes) throw InputError(where + ": the file ends in its header");
    std::array<std::uint8_t, kPacketHeaderBytes> bytes{};
    read_into(file, path, at, bytes.data(), bytes.size());
    const PacketHeader header = decode_header(bytes.data());
    require_sound(where, header, size - at - kPacketHeaderBytes);
    if (header.type == kPolarityType && header.events > 0) {
      AedatPacket packet{at, header.events, header.overflow, 0, 0};
      const std::uint64_t first = at + kPacketHeaderBytes;
      read_into(file, path, first, bytes.data(), kPolarityBytes);
      packet.first_us = time_of(bytes.data(), packet.overflow);
      read_into(file, path, first + (header.events - 1) * kPolarityBytes, bytes.data(),
                kPolarityBytes);
      packet.last_us = time_of(bytes.data(), packet.overflow);
      packets.push_back(packet);
    }
    at += kPacketHeaderBytes + std::uint64_t{header.events} * header.event_bytes;
  }
  return packets;
}

Recording read_aedat3(const std::string& path, const std::vector<AedatPacket>& packets,
                      std::uint64_t begin_us, std::uint64_t end_us, int share) {
  std::ifstream file = open_aedat(path);
  Recording recording;
  std::vector<std::uint8_t> bytes;
  for (const AedatPacket& packet : packets) {
    if (packet.last_us < begin_us || packet.first_us >= end_us) continue;
    bytes.resize(packet.events * kPolarityBytes);
    read_into(file, path, packet.at + kPacketHeaderBytes, bytes.data(), bytes.size());
    for (std::size_t i = 0; i < packet.events; ++i) {
      const std::uint8_t* event = &bytes[i * kPolarityBytes];
      const std::uint64_t us = time_of(event, packet.overflow);
      if (us < begin_us || us >= end_us) continue;
      take_event(event, share, us, recording,
                 path + ": event " + std::to_string(i) + " of the packet at byte " +
                     std::to_string(packet.at));
    }
  }
  return recording;
}

}  // namespace h2
