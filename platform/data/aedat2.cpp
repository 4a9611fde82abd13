// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/aedat.h"
#include "platform/data/shape_text.h"

namespace h2 {
namespace {

constexpr std::size_t kDvsEventBytes = 8;  // address and time

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
         (std::uint32_t{bytes[2]} << 8) | bytes[3];
}

/// Behind the header: lines that begin with '#'.
std::size_t end_of_header(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  const std::string first = "#!AER-DAT";
  if (bytes.size() < first.size() + 3 || !std::equal(first.begin(), first.end(), bytes.begin())) {
    throw InputError(path + ": does not begin with \"#!AER-DAT2.0\"");
  }
  if (bytes[first.size()] != '2') {
    throw InputError(path + ": is AEDAT " + std::string(1, static_cast<char>(bytes[first.size()])) +
                     ", legal: 2.0");
  }
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] == '#') {
    while (at < bytes.size() && bytes[at] != '\n') ++at;
    ++at;
  }
  return std::min(at, bytes.size());
}

/// Upright: the sensor was turned, and its columns run from right to left.
CameraEvent decode_dvs(const std::uint8_t* bytes, int share) {
  const std::uint32_t address = big_endian(bytes);
  const int column = static_cast<int>((address >> 1) & 0x7FU);
  const int row = static_cast<int>((address >> 8) & 0x7FU);
  return {(kDvs128Side - 1 - row) / share, (kDvs128Side - 1 - column) / share,
          1 - static_cast<int>(address & 1U), big_endian(bytes + 4)};
}

}  // namespace

void require_dvs128(const std::string& kind, InputShape input) {
  const bool fits = input.channels <= 2 && input.height == input.width && input.height >= 1 &&
                    input.height <= kDvs128Side;
  if (fits) return;
  throw InputError("network.input is " + shape_text(input) + "; legal for dataset.kind '" + kind +
                   "': 2 channels, or 1 for both polarities, and as many rows as columns, 1 to "
                   "128");
}

Recording read_aedat2(const std::string& path, int share) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  const std::size_t begin = end_of_header(path, bytes);
  const std::size_t size = bytes.size() - begin;
  if (size == 0) throw InputError(path + ": holds no events");
  if (size % kDvsEventBytes != 0) {
    throw InputError(path + ": " + std::to_string(size) +
                     " bytes behind the header, not a multiple of 8 (one event)");
  }
  Recording recording;
  for (std::size_t at = begin; at < bytes.size(); at += kDvsEventBytes) {
    if (big_endian(&bytes[at]) >> 15 != 0) {
      throw InputError(path + ": event " + std::to_string((at - begin) / kDvsEventBytes) +
                       " has an address beyond the 15 bits of a DVS128");
    }
    recording.events.push_back(decode_dvs(&bytes[at], share));
  }
  return recording;
}

}  // namespace h2
