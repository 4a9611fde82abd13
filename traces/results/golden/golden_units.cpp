// SPDX-License-Identifier: Apache-2.0
#include "traces/results/golden/golden_units.h"

#include <algorithm>
#include <cstdio>

#include "modules/arithmetic/fp16.h"
#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/network/tiling.h"
#include "modules/tensor/npy.h"
#include "traces/results/golden/golden_files.h"

namespace h2 {

const Layer& find_unit(const RunInfo& info, const std::string& name) {
  std::string names;
  for (const Layer& layer : info.network.layers) {
    if (layer.name == name) return layer;
    names += " " + layer.name;
  }
  throw InputError("--golden-units " + name + ": no such layer; legal:" + names);
}

void require_fp16_units(const RunInfo& info, const std::set<std::string>& units) {
  if (!units.empty() && info.machine.numerics != Numerics::fp16) {
    throw InputError("--golden-units: needs numerics: fp16; fp32 has no defined order");
  }
}

std::string legal_numbers(int count) {
  return count == 0 ? "none" : "0.." + std::to_string(count - 1);
}

void require_block(std::uint64_t block, int most, const std::string& legal) {
  if (block < static_cast<unsigned>(most)) return;
  throw InputError("--golden-block " + std::to_string(block) + ": no such block; legal:" + legal);
}

void require_tiles(const std::set<std::uint64_t>& tiles, int most, const std::string& legal) {
  if (tiles.empty() || *tiles.rbegin() < static_cast<unsigned>(most)) return;
  throw InputError("--golden-tiles " + std::to_string(*tiles.rbegin()) +
                   ": no such tile; legal:" + legal);
}

SignalRange range_of(const std::vector<int>& tiles, const Tiling& tiling, int block, int columns,
                     int channels) {
  SignalRange range;
  for (const int tile : tiles) {
    if (tile < tiling.count()) range.tiles.push_back(tile);
  }
  range.first = block * columns;
  range.count = std::min(columns, channels - range.first);
  return range;
}

BitMap input_of(const JobContext& c, int index, const MemoryReader& memory) {
  const Layer& l = c.layer(index);
  InputFeed feed(c, index);
  TransferList list;
  feed.want({0, l.in_h, 0, l.in_w}, 0, l.cin_star(), list);
  fetch_all(memory, list);
  return feed.bits();
}

ValueMap gradient_of(const JobContext& c, int index, const MemoryReader& memory) {
  const Layer& l = c.layer(index);
  const Region whole{0, l.out_h, 0, l.out_w};
  GradientFeed feed(c, index, true);
  TransferList masks, values;
  feed.want_mask(whole, 0, l.cout, masks);
  fetch_all(memory, masks);
  feed.want_values(whole, 0, l.cout, values);
  fetch_all(memory, values);
  feed.settle(whole);
  return feed.values();
}

std::vector<float> weights_of(const JobContext& c, int index, const MemoryReader& memory) {
  const Layer& l = c.layer(index);
  WeightOperand weights(TensorKind::weight, c.weight_image(index, c.base + c.place(index).weights),
                        true);
  TransferList list;
  weights.want_range(0, l.cout, 0, l.cin, list);
  fetch_all(memory, list);
  return {weights.oihw.begin(), weights.oihw.end()};
}

nlohmann::ordered_json block_channels(int block, int columns, int all) {
  const int first = block * columns;
  if (first >= all) return nullptr;
  return nlohmann::ordered_json::array({first, std::min(columns, all - first)});
}

nlohmann::ordered_json tile_regions(const Tiling& tiling, const std::vector<int>& tiles) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const int tile : tiles) {
    if (tile >= tiling.count()) continue;
    const Region r = tiling.tile(tile);
    all[std::to_string(tile)] = {r.y0, r.y1, r.x0, r.x1};
  }
  return all;
}

namespace {

/// Elements as the bits that a file holds.
std::vector<std::uint32_t> bits_of(const Signal& signal) {
  std::vector<std::uint32_t> bits(signal.values.size());
  std::transform(signal.values.begin(), signal.values.end(), bits.begin(), [&](float v) {
    return signal.type == Signal::Type::value
               ? to_fp16(v)
               : static_cast<std::uint32_t>(static_cast<std::int32_t>(v));
  });
  return bits;
}

void write_readmemh(const std::string& path, const Signal& signal) {
  const int digits = signal.type == Signal::Type::value  ? 4
                     : signal.type == Signal::Type::code ? 2
                                                         : 8;
  std::string text = "// " + signal.name + npy_shape_text(signal.shape) + "\n";
  for (const std::uint32_t bits : bits_of(signal)) {
    char line[12];
    std::snprintf(line, sizeof line, "%0*x\n", digits, bits);
    text += line;
  }
  write_result(path, text);
}

}  // namespace

void write_signal(const std::string& path, const Signal& signal, bool readmemh) {
  if (signal.type == Signal::Type::value) {
    write_floats(path + ".npy", signal.shape, signal.values, 2);
  } else if (signal.type == Signal::Type::code) {
    const std::vector<std::uint8_t> codes(signal.values.begin(), signal.values.end());
    write_npy(path + ".npy", NpyType::uint8, signal.shape, codes.data());
  } else {
    const std::vector<std::uint32_t> numbers = bits_of(signal);
    write_npy(path + ".npy", NpyType::int32, signal.shape, numbers.data());
  }
  if (readmemh) write_readmemh(path + ".hex", signal);
}

}  // namespace h2
