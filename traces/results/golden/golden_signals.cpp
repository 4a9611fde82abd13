// SPDX-License-Identifier: Apache-2.0
#include "traces/results/golden/golden_signals.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "modules/arithmetic/fp16.h"
#include "modules/base/ceil_div.h"
#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/h2learn/jobs/feeds.h"
#include "modules/network/tiling.h"
#include "modules/tensor/npy.h"
#include "traces/results/golden/golden_files.h"

namespace h2 {
namespace {

constexpr int kInputs = 16;  // input channels* of a Weight Update block: keeps files small

/// Of the chosen tiles those that the map has.
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

/// The gradient mask below layer `index` at the positions the layer reads.
BitMap open_outputs(const JobContext& c, int index, const MemoryReader& memory) {
  const Layer& below = c.layer(index - 1);
  BitMap mask = fetch_bits(memory, c.soma_image(index - 1, c.place(index - 1).mask));
  if (below.pool != PoolMode::after_soma) return mask;
  BitMap pooled(mask.maps, below.next_h, below.next_w, below.cout);
  pooled_mask(mask, {0, below.next_h, 0, below.next_w}, pooled);
  return pooled;
}

std::string legal(int count) { return count == 0 ? "none" : "0.." + std::to_string(count - 1); }

const Layer& find_layer(const RunInfo& info, const std::string& name) {
  std::string names;
  for (const Layer& layer : info.network.layers) {
    if (layer.name == name) return layer;
    names += " " + layer.name;
  }
  throw InputError("--golden-units " + name + ": no such layer; legal:" + names);
}

}  // namespace

SignalBlocks signal_blocks(const Machine& machine, const Layer& layer, bool first_layer) {
  return {ceil_div(layer.cout, machine.forward.cols),
          first_layer ? 0 : ceil_div(layer.cin, machine.backward.cols),
          ceil_div(layer.cout, machine.weight_update.cols) * ceil_div(layer.cin_star(), kInputs)};
}

void check_units(const RunInfo& info, const std::set<std::string>& units,
                 const std::set<std::uint64_t>& tiles, std::uint64_t block) {
  if (!units.empty() && info.machine.numerics != Numerics::fp16) {
    throw InputError("--golden-units: needs numerics: fp16; fp32 has no defined order");
  }
  int most_tiles = 0, most_blocks = 0;
  std::string tiles_text, blocks_text;
  for (const std::string& name : units) {
    const Layer& layer = find_layer(info, name);
    const bool first = &layer == &info.network.layers.front();
    const SignalBlocks b = signal_blocks(info.machine, layer, first);
    const int count = Tiling(layer.out_h, layer.out_w, info.machine.tile).count();
    most_tiles = std::max(most_tiles, count);
    most_blocks = std::max({most_blocks, b.forward, b.backward, b.weight_update});
    tiles_text += " " + name + " " + legal(count);
    blocks_text += " " + name + " FE " + legal(b.forward) + ", BE " + legal(b.backward) + ", WUE " +
                   legal(b.weight_update);
  }
  if (units.empty()) return;
  if (block >= static_cast<unsigned>(most_blocks)) {
    throw InputError("--golden-block " + std::to_string(block) +
                     ": no such block; legal:" + blocks_text);
  }
  if (!tiles.empty() && *tiles.rbegin() >= static_cast<unsigned>(most_tiles)) {
    throw InputError("--golden-tiles " + std::to_string(*tiles.rbegin()) +
                     ": no such tile; legal:" + tiles_text);
  }
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

std::vector<Signal> signals_after_forward(const JobContext& c, int index,
                                          const std::vector<int>& tiles, int block,
                                          const std::vector<float>& weights,
                                          const MemoryReader& memory) {
  const Layer& l = c.layer(index);
  if (block >= signal_blocks(*c.machine, l, index == 0).forward) return {};
  return forward_signals(l, c.machine->forward, c.machine->tile, weights, c.batch,
                         input_of(c, index, memory),
                         range_of(tiles, Tiling(l.out_h, l.out_w, c.machine->tile), block,
                                  c.machine->forward.cols, l.cout));
}

std::vector<Signal> signals_after_gradient(const JobContext& c, int index,
                                           const std::vector<int>& tiles, int block,
                                           const std::vector<float>& weights,
                                           const MemoryReader& memory) {
  const Layer& l = c.layer(index);
  const Machine& m = *c.machine;
  const SignalBlocks blocks = signal_blocks(m, l, index == 0);
  const ValueMap grad_u = gradient_of(c, index, memory);
  std::vector<Signal> all;
  if (block < blocks.backward) {
    const BitMap open = l.kind == LayerKind::conv ? open_outputs(c, index, memory) : BitMap();
    all = backward_signals(
        l, m.backward, m.tile, weights, grad_u, open,
        range_of(tiles, Tiling(l.in_h, l.in_w, m.tile), block, m.backward.cols, l.cin));
  }
  if (block < blocks.weight_update) {
    const int per_column = ceil_div(l.cin_star(), kInputs);
    const int first = block % per_column * kInputs;
    auto more = weight_gradient_signals(l, m.weight_update, m.tile, c.batch, c.steps,
                                        input_of(c, index, memory), grad_u,
                                        range_of(tiles, Tiling(l.out_h, l.out_w, m.tile),
                                                 block / per_column, m.weight_update.cols, l.cout),
                                        first, std::min(kInputs, l.cin_star() - first));
    all.insert(all.end(), more.begin(), more.end());
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

/// [first, count] of the channels of a block, null where the engine has no such block.
nlohmann::ordered_json channels(int block, int columns, int all) {
  const int first = block * columns;
  if (first >= all) return nullptr;
  return nlohmann::ordered_json::array({first, std::min(columns, all - first)});
}

nlohmann::ordered_json regions(const Tiling& tiling, const std::vector<int>& tiles) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const int tile : tiles) {
    if (tile >= tiling.count()) continue;
    const Region r = tiling.tile(tile);
    all[std::to_string(tile)] = {r.y0, r.y1, r.x0, r.x1};
  }
  return all;
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

nlohmann::ordered_json signal_layout(const RunInfo& info, const Layer& layer,
                                     const std::vector<int>& tiles, int block) {
  const Machine& m = info.machine;
  const bool fc = layer.kind == LayerKind::fc;
  const bool first = layer.name == info.network.layers.front().name;
  const int per_column = ceil_div(layer.cin_star(), kInputs);
  const Tiling out(layer.out_h, layer.out_w, m.tile), in(layer.in_h, layer.in_w, m.tile);
  nlohmann::ordered_json all;
  all["forward"] = {{"tiles", regions(out, tiles)},
                    {"output_channels", channels(block, m.forward.cols, layer.cout)},
                    {"leaf", fc ? "input channel* of the beat"
                                : "row x sub_luts + sub-LUT; row: channel* of the beat"},
                    {"rows", m.forward.rows},
                    {"sub_luts", m.forward.sub_luts},
                    {"sub_lut_inputs", fc ? 1 : m.forward.sub_lut_inputs}};
  if (!first) {
    all["backward"] = {{"tiles", regions(in, tiles)},
                       {"channels_below", channels(block, m.backward.cols, layer.cin)},
                       {"row", "channel of grad-u; beats take `rows` of them, o0 = beat x rows"},
                       {"rows", m.backward.rows},
                       {"pes_per_group", m.backward.group}};
  }
  all["weight_update"] = {
      {"tiles", regions(out, tiles)},
      {"output_channels", channels(block / per_column, m.weight_update.cols, layer.cout)},
      {"input_channels", channels(block % per_column, kInputs, layer.cin_star())},
      {"leaf", "row x sub_luts + sub-LUT; row: timestep of the beat"},
      {"rows", m.weight_update.rows},
      {"sub_luts", m.weight_update.sub_luts},
      {"sub_lut_inputs", fc ? 1 : m.weight_update.sub_lut_inputs}};
  return all;
}

}  // namespace h2
