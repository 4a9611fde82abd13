// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/data/event_windows.h"

namespace h2 {

/// Pixels in a row or column of the DVS128 sensor.
inline constexpr int kDvs128Side = 128;

/// Throws InputError unless `input` is square, of at most 128 rows, and of one or two channels. The
/// sensor's 128x128 pixels become its: floor(128 / side) in a row or column share one, what is left
/// over at the end is left out; 42 takes 3x3 of 126x126.
void require_dvs128(const std::string& kind, InputShape input);

/// A recording of AEDAT 2.0 with addresses of a DVS128: big-endian words of address and time in us,
/// behind lines that begin with '#'. Upright; `share` pixels in a row or column are one. Throws
/// InputError that names file and event.
Recording read_aedat2(const std::string& path, int share);

/// Where the packets of an AEDAT 3.1 file lie.
struct AedatPacket {
  std::uint64_t at = 0;  ///< of its header, from the begin of the file
  std::uint32_t events = 0;
  std::uint64_t overflow = 0;  ///< times 2^31 us, to be added to its times
  std::uint64_t first_us = 0, last_us = 0;
};
/// The packets of polarity events in a file of AEDAT 3.1, whose others (frames, IMU, triggers) are
/// passed over. Throws InputError that names file and packet.
std::vector<AedatPacket> list_aedat3(const std::string& path);
/// The valid events from `begin_us` to before `end_us`; invalid ones count as markers.
Recording read_aedat3(const std::string& path, const std::vector<AedatPacket>& packets,
                      std::uint64_t begin_us, std::uint64_t end_us, int share);

}  // namespace h2
