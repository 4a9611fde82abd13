// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spine_file.h"

#include <array>
#include <cstring>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "modules/base/result_file.h"
#include "modules/contract/spinalflow_contract.h"
#include "modules/tensor/npy.h"

namespace h2 {
namespace {

constexpr char kMagic[] = "SPINES1\n";
constexpr std::size_t kMagicBytes = 8, kShapeNumbers = 5;
constexpr std::size_t kHeader = kMagicBytes + kShapeNumbers * 4;
constexpr std::uint32_t kMostNumber = 1U << 20;

std::uint32_t get_u32(const std::uint8_t* at) {
  return at[0] | at[1] << 8 | at[2] << 16 | std::uint32_t{at[3]} << 24;
}

void put_u32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw InputError(path + ": " + why);
}

/// Samples and shape of a file's header.
std::pair<int, SpineShape> read_header(const std::string& path,
                                       const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() < kHeader || std::memcmp(bytes.data(), kMagic, kMagicBytes) != 0) {
    refuse(path, "no file of spike lists: it does not begin with SPINES1");
  }
  std::array<std::uint32_t, kShapeNumbers> n{};
  const char* const names[] = {"samples", "height", "width", "channels", "ticks"};
  for (std::size_t i = 0; i < n.size(); ++i) {
    n[i] = get_u32(bytes.data() + kMagicBytes + 4 * i);
    const std::uint32_t most = i == 4 ? 256 : kMostNumber;
    if (n[i] >= 1 && n[i] <= most) continue;
    refuse(path, std::string(names[i]) + " is " + std::to_string(n[i]) + ": legal are 1 to " +
                     std::to_string(most));
  }
  const auto side = [&](int i) { return static_cast<int>(n[i]); };
  const std::uint64_t lists = std::uint64_t{n[0]} * n[1] * n[2];
  if (lists > (bytes.size() - kHeader) / sizeof(sf_list)) {
    refuse(path, "ends within the table of its lists");
  }
  if (std::uint64_t{n[1]} * n[2] * n[3] > UINT32_MAX) {
    refuse(path, "has more neurons than 32 bits can number");
  }
  return {side(0), {side(1), side(2), side(3), side(4)}};
}

}  // namespace

std::vector<SpineMap> read_spines(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  const auto [samples, shape] = read_header(path, bytes);
  const std::uint64_t lists = static_cast<std::uint64_t>(samples) * shape.positions();
  const std::uint8_t* table = bytes.data() + kHeader;
  const std::uint8_t* entries = table + lists * sizeof(sf_list);
  const std::uint64_t held = (bytes.size() - kHeader - lists * sizeof(sf_list)) / kSpineEntryBytes;
  std::vector<SpineMap> maps;
  for (int s = 0; s < samples; ++s) {
    maps.emplace_back(shape);
    for (int p = 0; p < shape.positions(); ++p, table += sizeof(sf_list)) {
      const std::uint64_t first = get_u32(table), count = get_u32(table + 4);
      const std::string where = "list of sample " + std::to_string(s) + ", row " +
                                std::to_string(p / shape.width) + ", column " +
                                std::to_string(p % shape.width) + ": ";
      if (first + count > held) refuse(path, where + "lies behind the end of the file");
      Spine& spine = maps.back().spines[p];
      for (std::uint64_t i = 0; i < count; ++i) {
        spine.push_back(get_spine_entry(entries + (first + i) * kSpineEntryBytes));
      }
      const SpineFault fault = check_spine(shape, p, spine);
      if (fault != SpineFault::none) refuse(path, where + text_of(fault));
    }
  }
  return maps;
}

void write_spines(const std::string& path, const std::vector<SpineMap>& samples) {
  std::vector<std::uint8_t> out(kMagic, kMagic + kMagicBytes);
  const SpineShape& shape = samples.front().shape;
  put_u32(out, static_cast<std::uint32_t>(samples.size()));
  for (const int n : {shape.height, shape.width, shape.channels, shape.ticks}) {
    put_u32(out, static_cast<std::uint32_t>(n));
  }
  std::uint32_t first = 0;
  for (const SpineMap& map : samples) {
    for (const Spine& spine : map.spines) {
      put_u32(out, first);
      put_u32(out, static_cast<std::uint32_t>(spine.size()));
      first += static_cast<std::uint32_t>(spine.size());
    }
  }
  for (const SpineMap& map : samples) {
    for (const Spine& spine : map.spines) {
      for (const SpineEvent& event : spine) {
        out.resize(out.size() + kSpineEntryBytes);
        put_spine_entry(event, out.data() + out.size() - kSpineEntryBytes);
      }
    }
  }
  write_result(path, std::string(out.begin(), out.end()));
}

std::vector<SpineMap> read_spikes(const std::string& path) {
  const NpyArray array = read_npy(path);
  if (array.type != NpyType::uint8 || array.shape.size() != 5 || array.count() == 0) {
    refuse(path, "has shape " + npy_shape_text(array.shape) +
                     "; legal are spikes as uint8 with axes B,T,C,H,W");
  }
  const auto axis = [&](int i) { return static_cast<int>(array.shape[i]); };
  const SpineShape shape{axis(3), axis(4), axis(2), axis(1)};
  if (shape.ticks > 256) refuse(path, "has more than 256 timesteps");
  std::vector<SpineMap> maps(array.shape[0], SpineMap(shape));
  const std::size_t positions = shape.positions();
  for (std::size_t i = 0; i < array.bytes.size(); ++i) {
    const std::uint8_t value = array.bytes[i];
    if (value == 0) continue;
    if (value > 1) {
      refuse(path, "holds the value " + std::to_string(value) +
                       ": SpinalFlow takes spikes, 0 or 1 (averages of AP2 are none: set "
                       "network.pool to before_soma)");
    }
    // Ascending ticks and channels: every list comes out sorted.
    const std::size_t position = i % positions, map = i / positions / shape.channels;
    const int channel = static_cast<int>(i / positions % shape.channels);
    maps[map / shape.ticks].spines[position].push_back(
        {shape.neuron(static_cast<int>(position), channel),
         static_cast<std::uint8_t>(map % shape.ticks)});
  }
  return maps;
}

void write_spikes(const std::string& path, const std::vector<SpineMap>& samples) {
  const SpineShape& shape = samples.front().shape;
  const std::size_t positions = shape.positions();
  const std::size_t sample = positions * shape.channels * shape.ticks;
  std::vector<std::uint8_t> bits(sample * samples.size(), 0);
  for (std::size_t s = 0; s < samples.size(); ++s) {
    for (const Spine& spine : samples[s].spines) {
      for (const SpineEvent& event : spine) {
        const std::size_t map =
            event.tick * static_cast<std::size_t>(shape.channels) + shape.channel_of(event.neuron);
        bits[s * sample + map * positions + shape.position_of(event.neuron)] = 1;
      }
    }
  }
  const auto axis = [](int n) { return static_cast<std::size_t>(n); };
  write_npy(path, NpyType::uint8,
            {samples.size(), axis(shape.ticks), axis(shape.channels), axis(shape.height),
             axis(shape.width)},
            bits.data());
}

}  // namespace h2
