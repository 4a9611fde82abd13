// SPDX-License-Identifier: Apache-2.0
#include "traces/results/golden/golden_files.h"

#include <algorithm>
#include <utility>

#include "modules/base/error.h"
#include "modules/tensor/npy.h"
#include "modules/tensor/operand.h"
#include "modules/tensor/value_codec.h"

namespace h2 {

std::vector<std::uint8_t> fetch(const MemoryReader& memory, std::uint64_t address,
                                std::uint64_t bytes) {
  std::vector<std::uint8_t> data(bytes);
  if (bytes != 0 && !memory(address, data.data(), bytes)) {
    throw RunError("golden tensors: memory at " + std::to_string(address) + " cannot be read");
  }
  return data;
}

void fetch_all(const MemoryReader& memory, TransferList& list) {
  for (const Transfer& t : list.transfers()) {
    const auto data = fetch(memory, t.address, t.bytes);
    std::copy(data.begin(), data.end(), list.data(t.offset));
  }
  list.deliver();
}

BitMap fetch_bits(const MemoryReader& memory, const TensorImage& image) {
  BitOperand bits(TensorKind::control, image, true);
  TransferList list;
  for (int unit = 0; unit < image.units(); ++unit) bits.want_unit(unit, list);
  fetch_all(memory, list);
  return std::move(bits.bits);
}

ValueMap fetch_values(const MemoryReader& memory, const TensorImage& image, int value_bytes,
                      const BitMap* packed_by) {
  ValueOperand values(TensorKind::control, image, value_bytes, packed_by, true);
  TransferList list;
  for (int unit = 0; unit < image.units(); ++unit) values.want_unit(unit, list);
  fetch_all(memory, list);
  return std::move(values.values);
}

namespace {

/// Shape and order B,T,C,H,W; visit(map, y, x, channel) in that order.
template <class Map, class Visit>
std::vector<std::size_t> in_axes_order(const Map& map, int steps, int channels, Visit visit) {
  for (int m = 0; m < map.maps; ++m)
    for (int c = 0; c < channels; ++c)
      for (int y = 0; y < map.height; ++y)
        for (int x = 0; x < map.width; ++x) visit(m, y, x, c);
  return {static_cast<std::size_t>(map.maps / steps), static_cast<std::size_t>(steps),
          static_cast<std::size_t>(channels), static_cast<std::size_t>(map.height),
          static_cast<std::size_t>(map.width)};
}

}  // namespace

void write_bits(const std::string& path, const BitMap& map, int steps) {
  std::vector<std::uint8_t> out;
  const auto shape = in_axes_order(map, steps, map.channels, [&](int m, int y, int x, int c) {
    out.push_back(map.get(m, y, x, c));
  });
  write_npy(path, NpyType::uint8, shape, out.data());
}

void write_planes(const std::string& path, const BitMap& map, int steps, int planes) {
  std::vector<std::uint8_t> out;
  const auto shape =
      in_axes_order(map, steps, map.channels / planes, [&](int m, int y, int x, int c) {
        unsigned value = 0;
        for (int p = 0; p < planes; ++p) value |= unsigned{map.get(m, y, x, c * planes + p)} << p;
        out.push_back(static_cast<std::uint8_t>(value));
      });
  write_npy(path, NpyType::uint8, shape, out.data());
}

void write_floats(const std::string& path, const std::vector<std::size_t>& shape,
                  const std::vector<float>& values, int value_bytes) {
  std::vector<std::uint8_t> bytes(values.size() * value_bytes);
  ValueCodec(value_bytes).store(values.data(), bytes.data(), values.size());
  write_npy(path, value_bytes == 2 ? NpyType::float16 : NpyType::float32, shape, bytes.data());
}

void write_values(const std::string& path, const ValueMap& map, int steps, int value_bytes) {
  std::vector<float> out;
  const auto shape = in_axes_order(map, steps, map.channels, [&](int m, int y, int x, int c) {
    out.push_back(map.at(m, y, x)[c]);
  });
  write_floats(path, shape, out, value_bytes);
}

}  // namespace h2
