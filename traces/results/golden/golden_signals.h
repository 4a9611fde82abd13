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
#include "traces/results/run_info.h"

namespace h2 {

/// Blocks of one layer in each engine, in the order of its loop nest: of FE's columns of output
/// channels, of BE's columns of the channels below, and of WUE's columns of output channels times
/// 16 input channels*.
struct SignalBlocks {
  int forward = 0, backward = 0, weight_update = 0;
};
SignalBlocks signal_blocks(const Machine& machine, const Layer& layer, bool first_layer);

/// Throws InputError unless the units exist, each tile and the block exist in one of them, and the
/// numerics are FP16.
void check_units(const RunInfo& info, const std::set<std::string>& units,
                 const std::set<std::uint64_t>& tiles, std::uint64_t block);

/// Weights of layer `index`, OIHW, as the engines read them.
std::vector<float> weights_of(const JobContext& c, int index, const MemoryReader& memory);

/// Signals of layer `index` from the tensors in memory after its forward pass, and after its weight
/// gradient (Backward and Weight Update Engine), when an update may have changed the weights
/// already: `weights` are those of the pass. Engines that have no such block add none,
/// maps without a tile no entries.
std::vector<Signal> signals_after_forward(const JobContext& c, int index,
                                          const std::vector<int>& tiles, int block,
                                          const std::vector<float>& weights,
                                          const MemoryReader& memory);
std::vector<Signal> signals_after_gradient(const JobContext& c, int index,
                                           const std::vector<int>& tiles, int block,
                                           const std::vector<float>& weights,
                                           const MemoryReader& memory);

/// Writes `<path>.npy` and, if `readmemh`, `<path>.hex`: one element per line in hexadecimal, in C
/// order, as Verilog's $readmemh takes it: FP16 as its 16 bits, codes 8 bits, indices 32 bits in
/// two's complement.
void write_signal(const std::string& path, const Signal& signal, bool readmemh);

/// How the parts of a layer's signals lie in its engines, for the manifest: per engine tiles as
/// [y0, y1, x0, x1], block of channels as [first, count], and which leaf is which row and sub-LUT.
nlohmann::ordered_json signal_layout(const RunInfo& info, const Layer& layer,
                                     const std::vector<int>& tiles, int block);

}  // namespace h2
