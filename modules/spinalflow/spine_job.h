// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/contract/spinalflow_contract.h"
#include "modules/device/job.h"
#include "modules/spinalflow/spinal_layer.h"
#include "modules/spinalflow/spinal_neuron.h"

namespace h2 {

/// Where the lists of a spike tensor lie (spinalflow_contract.h).
struct SpineTensor {
  std::uint64_t address = 0;
  int samples = 1, positions = 1;  ///< `samples`: that the tensor has room for

  std::uint64_t table(int sample) const {
    return address + static_cast<std::uint64_t>(sample) * positions * sizeof(sf_list);
  }
  std::uint64_t table_bytes() const { return positions * sizeof(sf_list); }
  std::uint64_t entries(std::uint64_t first) const {
    return address + sf_table_bytes(samples, positions) + first * kSpineEntryBytes;
  }
};

/// A tile and one part of its rows: what is done with one filling of the filter buffer.
struct SpinePass {
  int tile = 0, lanes = 0;
  int part = 0;
  RowRange rows;
  bool last_part = false, last_tile = false;
};

/// One layer of the samples of a descriptor.
struct SpineJob : EngineJob {
  SpinalLayer shape;
  SpinalUnit unit;
  SpinalNeuron neuron;
  int samples = 1;       ///< of the descriptor
  int most_samples = 1;  ///< that the tensors have room for
  std::uint64_t input = 0, weights = 0, output = 0, partial = 0, sums = 0;  ///< addresses

  /// Tiles outermost, then parts.
  std::vector<SpinePass> passes() const;
  int positions() const { return shape.output().positions(); }
  SpineTensor input_tensor() const { return {input, most_samples, shape.input.positions()}; }
  SpineTensor output_tensor() const { return {output, most_samples, positions()}; }
  /// The lists of a tile that is not the last.
  SpineTensor tile_tensor(int tile) const;
  std::uint64_t sum_row(int sample, int position, int tick) const;
  bool merges_tiles() const { return shape.tiles(unit) > 1; }
};

}  // namespace h2
