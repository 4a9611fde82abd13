// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "modules/base/error.h"
#include "modules/sata/array_signals.h"
#include "traces/results/golden/golden_signals.h"

namespace h2 {
namespace {

/// A fully connected layer has one output position per map, and flattened inputs below it.
class SataUnits : public GoldenUnits {
 public:
  explicit SataUnits(const SataSpec& array) : array_(array) {}

  const std::vector<SignalKind>& kinds() const override { return sata_signal_kinds(); }
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

 private:
  int fold_cycles(std::size_t terms) const {
    return static_cast<int>(terms) + array_.rows + array_.cols - 2;
  }

  const SataSpec array_;
};

void SataUnits::check(const RunInfo& info, const std::set<std::string>& units,
                      const std::set<std::uint64_t>& tiles, std::uint64_t block) const {
  require_fp16_units(info, units);
  if (!units.empty() && array_.ann) {
    throw InputError("--golden-units: sata.ann is true; legal: false, the signals are of spikes");
  }
  int most_tiles = 0, most_blocks = 0;
  std::string tiles_text, blocks_text;
  for (const std::string& name : units) {
    const Layer& layer = find_unit(info, name);
    const SataSignalBlocks b =
        sata_signal_blocks(array_, layer, &layer == &info.network.layers.front());
    const int count = Tiling(layer.out_h, layer.out_w, info.machine.tile).count();
    most_tiles = std::max(most_tiles, count);
    most_blocks = std::max({most_blocks, b.forward, b.backward, b.weight_gradient});
    tiles_text += " " + name + " " + legal_numbers(count);
    blocks_text += " " + name + " forward " + legal_numbers(b.forward) + ", backward " +
                   legal_numbers(b.backward) + ", weight gradient " +
                   legal_numbers(b.weight_gradient);
  }
  if (units.empty()) return;
  require_block(block, most_blocks, blocks_text);
  require_tiles(tiles, most_tiles, tiles_text);
}

std::vector<Signal> SataUnits::after_forward(const JobContext& c, int index,
                                             const std::vector<int>& tiles, int block,
                                             const std::vector<float>& weights,
                                             const MemoryReader& memory) const {
  const Layer& l = c.layer(index);
  if (block >= sata_signal_blocks(array_, l, index == 0).forward) return {};
  const TileSpec tile = c.machine->tile;
  return sata_forward_signals(
      l, array_, tile, weights, input_of(c, index, memory),
      range_of(tiles, Tiling(l.out_h, l.out_w, tile), block, array_.cols, l.cout));
}

std::vector<Signal> SataUnits::after_gradient(const JobContext& c, int index,
                                              const std::vector<int>& tiles, int block,
                                              const std::vector<float>& weights,
                                              const MemoryReader& memory) const {
  const Layer& l = c.layer(index);
  const TileSpec tile = c.machine->tile;
  const SataSignalBlocks blocks = sata_signal_blocks(array_, l, index == 0);
  const ValueMap grad_u = gradient_of(c, index, memory);
  std::vector<Signal> all;
  if (block < blocks.backward) {
    all = sata_backward_signals(
        l, array_, tile, weights, grad_u,
        range_of(tiles, Tiling(l.in_h, l.in_w, tile), block, array_.cols, l.cin));
  }
  if (block < blocks.weight_gradient) {
    auto more = sata_weight_gradient_signals(l, array_, c.batch, c.steps,
                                             input_of(c, index, memory), grad_u, block);
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  }
  return all;
}

nlohmann::ordered_json SataUnits::layout(const RunInfo& info, const Layer& l,
                                         const std::vector<int>& tiles, int block) const {
  const TileSpec tile = info.machine.tile;
  const bool first = l.name == info.network.layers.front().name;
  const auto taps = static_cast<std::size_t>(l.taps());
  nlohmann::ordered_json all;
  all["forward"] = {{"tiles", tile_regions(Tiling(l.out_h, l.out_w, tile), tiles)},
                    {"output_channels", block_channels(block, array_.cols, l.cout)},
                    {"rows", array_.rows},
                    {"columns", array_.cols},
                    {"bit_planes", l.planes},
                    {"fold_cycles", fold_cycles(taps * l.cin_star())}};
  if (!first) {
    all["backward"] = {{"tiles", tile_regions(Tiling(l.in_h, l.in_w, tile), tiles)},
                       {"channels_below", block_channels(block, array_.cols, l.cin)},
                       {"rows", array_.rows},
                       {"columns", array_.cols},
                       {"fold_cycles", fold_cycles(taps * l.cout)}};
  }
  nlohmann::ordered_json& gradient = all["weight_gradient"];
  gradient["output_channels"] = nullptr;
  if (block < sata_signal_blocks(array_, l, first).weight_gradient) {
    const SataFold fold = sata_fold(array_, l, block);
    gradient["output_channels"] = {fold.column, fold.columns};
    gradient["weights"] = {fold.row, fold.rows};
  }
  gradient["rows"] = array_.rows;
  gradient["columns"] = array_.cols;
  gradient["fold_cycles"] = fold_cycles(static_cast<std::size_t>(l.out_h) * l.out_w *
                                        info.config["network"]["timesteps"].get<std::size_t>());
  return all;
}

}  // namespace

std::unique_ptr<GoldenUnits> sata_units(const SataSpec& array) {
  return std::make_unique<SataUnits>(array);
}

}  // namespace h2
