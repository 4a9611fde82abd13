// SPDX-License-Identifier: Apache-2.0
#include "traces/results/golden/golden_signals.h"

#include <algorithm>

#include "modules/base/ceil_div.h"
#include "modules/h2learn/backward/backward_count.h"
#include "modules/network/tiling.h"
#include "traces/results/golden/golden_files.h"

namespace h2 {
namespace {

constexpr int kInputs = 16;  // input channels* of a Weight Update block: keeps files small

/// The gradient mask below layer `index` at the positions the layer reads.
BitMap open_outputs(const JobContext& c, int index, const MemoryReader& memory) {
  const Layer& below = c.layer(index - 1);
  BitMap mask = fetch_bits(memory, c.soma_image(index - 1, c.place(index - 1).mask));
  if (below.pool != PoolMode::after_soma) return mask;
  BitMap pooled(mask.maps, below.next_h, below.next_w, below.cout);
  pooled_mask(mask, {0, below.next_h, 0, below.next_w}, pooled);
  return pooled;
}

/// Blocks of one layer in each engine, in the order of its loop nest: of FE's columns of output
/// channels, of BE's columns of the channels below, and of WUE's columns of output channels times
/// 16 input channels*.
struct SignalBlocks {
  int forward = 0, backward = 0, weight_update = 0;
};

SignalBlocks signal_blocks(const Machine& machine, const Layer& layer, bool first_layer) {
  return {ceil_div(layer.cout, machine.forward.cols),
          first_layer ? 0 : ceil_div(layer.inputs(), machine.backward.cols),
          ceil_div(layer.cout, machine.weight_update.cols) * ceil_div(layer.cin_star(), kInputs)};
}

class H2LearnUnits : public GoldenUnits {
 public:
  const std::vector<SignalKind>& kinds() const override { return signal_kinds(); }
  void check(const RunInfo& info, const std::set<std::string>& units,
             const std::set<std::uint64_t>& tiles, std::uint64_t block) const override;
  std::vector<Signal> after_forward(const JobContext& c, int index, const std::vector<int>& tiles,
                                    int block, const std::vector<float>& weights,
                                    const MemoryReader& memory) const override;
  std::vector<Signal> after_gradient(const JobContext& c, int index, const std::vector<int>& tiles,
                                     int block, const std::vector<float>& weights,
                                     const MemoryReader& memory) const override;
  nlohmann::ordered_json layout(const RunInfo& info, const Layer& layer,
                                const std::vector<int>& tiles, int block) const override;
};

void H2LearnUnits::check(const RunInfo& info, const std::set<std::string>& units,
                         const std::set<std::uint64_t>& tiles, std::uint64_t block) const {
  require_fp16_units(info, units);
  int most_tiles = 0, most_blocks = 0;
  std::string tiles_text, blocks_text;
  for (const std::string& name : units) {
    const Layer& layer = find_unit(info, name);
    const bool first = &layer == &info.network.layers.front();
    const SignalBlocks b = signal_blocks(info.machine, layer, first);
    const int count = Tiling(layer.out_h, layer.out_w, info.machine.tile).count();
    most_tiles = std::max(most_tiles, count);
    most_blocks = std::max({most_blocks, b.forward, b.backward, b.weight_update});
    tiles_text += " " + name + " " + legal_numbers(count);
    blocks_text += " " + name + " FE " + legal_numbers(b.forward) + ", BE " +
                   legal_numbers(b.backward) + ", WUE " + legal_numbers(b.weight_update);
  }
  if (units.empty()) return;
  require_block(block, most_blocks, blocks_text);
  require_tiles(tiles, most_tiles, tiles_text);
}

std::vector<Signal> H2LearnUnits::after_forward(const JobContext& c, int index,
                                                const std::vector<int>& tiles, int block,
                                                const std::vector<float>& weights,
                                                const MemoryReader& memory) const {
  const Layer& l = c.layer(index);
  if (block >= signal_blocks(*c.machine, l, index == 0).forward) return {};
  return forward_signals(l, c.machine->forward, c.machine->tile, weights, c.batch,
                         input_of(c, index, memory),
                         range_of(tiles, Tiling(l.out_h, l.out_w, c.machine->tile), block,
                                  c.machine->forward.cols, l.cout));
}

std::vector<Signal> H2LearnUnits::after_gradient(const JobContext& c, int index,
                                                 const std::vector<int>& tiles, int block,
                                                 const std::vector<float>& weights,
                                                 const MemoryReader& memory) const {
  const Layer& l = c.layer(index);
  const Machine& m = *c.machine;
  const SignalBlocks blocks = signal_blocks(m, l, index == 0);
  const ValueMap grad_u = gradient_of(c, index, memory);
  std::vector<Signal> all;
  if (block < blocks.backward) {
    const BitMap open = l.kind == LayerKind::conv ? open_outputs(c, index, memory) : BitMap();
    all = backward_signals(
        l, m.backward, m.tile, weights, grad_u, open,
        range_of(tiles, Tiling(l.in_h, l.in_w, m.tile), block, m.backward.cols, l.inputs()));
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

nlohmann::ordered_json H2LearnUnits::layout(const RunInfo& info, const Layer& layer,
                                            const std::vector<int>& tiles, int block) const {
  const Machine& m = info.machine;
  const bool fc = layer.kind == LayerKind::fc;
  const bool first = layer.name == info.network.layers.front().name;
  const int per_column = ceil_div(layer.cin_star(), kInputs);
  const Tiling out(layer.out_h, layer.out_w, m.tile), in(layer.in_h, layer.in_w, m.tile);
  nlohmann::ordered_json all;
  all["forward"] = {{"tiles", tile_regions(out, tiles)},
                    {"output_channels", block_channels(block, m.forward.cols, layer.cout)},
                    {"leaf", fc ? "input channel* of the beat"
                                : "row x sub_luts + sub-LUT; row: channel* of the beat"},
                    {"rows", m.forward.rows},
                    {"sub_luts", m.forward.sub_luts},
                    {"sub_lut_inputs", fc ? 1 : m.forward.sub_lut_inputs}};
  if (!first) {
    all["backward"] = {{"tiles", tile_regions(in, tiles)},
                       {"channels_below", block_channels(block, m.backward.cols, layer.cin)},
                       {"row", "channel of grad-u; beats take `rows` of them, o0 = beat x rows"},
                       {"rows", m.backward.rows},
                       {"pes_per_group", m.backward.group}};
  }
  all["weight_update"] = {
      {"tiles", tile_regions(out, tiles)},
      {"output_channels", block_channels(block / per_column, m.weight_update.cols, layer.cout)},
      {"input_channels", block_channels(block % per_column, kInputs, layer.cin_star())},
      {"leaf", "row x sub_luts + sub-LUT; row: timestep of the beat"},
      {"rows", m.weight_update.rows},
      {"sub_luts", m.weight_update.sub_luts},
      {"sub_lut_inputs", fc ? 1 : m.weight_update.sub_lut_inputs}};
  return all;
}

}  // namespace

const GoldenUnits& h2learn_units() {
  static const H2LearnUnits units;
  return units;
}

}  // namespace h2
