// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "modules/base/memory_reader.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/signals/signals.h"
#include "modules/network/tiling.h"
#include "traces/results/run_info.h"

namespace h2 {

/// The engines of one accelerator opened up: signals of a layer from the tensors in memory.
class GoldenUnits {
 public:
  virtual ~GoldenUnits() = default;

  virtual const std::vector<SignalKind>& kinds() const = 0;
  /// Throws InputError unless the units exist, each tile and the block exist in one of them, and
  /// the numerics are FP16.
  virtual void check(const RunInfo& info, const std::set<std::string>& units,
                     const std::set<std::uint64_t>& tiles, std::uint64_t block) const = 0;
  /// Of layer `index` after its forward pass, and after its weight gradient, when an update may
  /// have changed the weights already: `weights` are those of the pass. Passes that have no such
  /// block add none, maps without a tile no entries.
  virtual std::vector<Signal> after_forward(const JobContext& c, int index,
                                            const std::vector<int>& tiles, int block,
                                            const std::vector<float>& weights,
                                            const MemoryReader& memory) const = 0;
  virtual std::vector<Signal> after_gradient(const JobContext& c, int index,
                                             const std::vector<int>& tiles, int block,
                                             const std::vector<float>& weights,
                                             const MemoryReader& memory) const = 0;
  /// How the parts of a layer's signals lie in its engines, for the manifest.
  virtual nlohmann::ordered_json layout(const RunInfo& info, const Layer& layer,
                                        const std::vector<int>& tiles, int block) const = 0;
};

// What all accelerators of H2Learn's family share.

/// The layer of that name; throws InputError with the legal ones.
const Layer& find_unit(const RunInfo& info, const std::string& name);
/// Throws InputError if there are units and the numerics are not FP16.
void require_fp16_units(const RunInfo& info, const std::set<std::string>& units);
/// "0..3", "none"
std::string legal_numbers(int count);
/// Throws InputError where the block, or a tile, exists in no unit. The texts say what does.
void require_block(std::uint64_t block, int most, const std::string& legal);
void require_tiles(const std::set<std::uint64_t>& tiles, int most, const std::string& legal);
/// Of the chosen tiles those that the map has; channels of block `block` of `columns`.
SignalRange range_of(const std::vector<int>& tiles, const Tiling& tiling, int block, int columns,
                     int channels);
/// Tiles as [y0, y1, x0, x1], by number.
nlohmann::ordered_json tile_regions(const Tiling& tiling, const std::vector<int>& tiles);
/// [first, count] of the channels of a block, null where the pass has no such block.
nlohmann::ordered_json block_channels(int block, int columns, int all);
/// The whole input of layer `index` as its engine takes it, and its whole grad-u.
BitMap input_of(const JobContext& c, int index, const MemoryReader& memory);
ValueMap gradient_of(const JobContext& c, int index, const MemoryReader& memory);
/// Weights of layer `index`, OIHW, as the engines read them.
std::vector<float> weights_of(const JobContext& c, int index, const MemoryReader& memory);

/// Writes `<path>.npy` and, if `readmemh`, `<path>.hex`: one element per line in hexadecimal, in C
/// order, as Verilog's $readmemh takes it: FP16 as its 16 bits, codes 8 bits, indices 32 bits in
/// two's complement.
void write_signal(const std::string& path, const Signal& signal, bool readmemh);

}  // namespace h2
