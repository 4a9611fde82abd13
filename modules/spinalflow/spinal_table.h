// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/contract/spinalflow_contract.h"
#include "modules/spinalflow/spinal_layer.h"
#include "modules/spinalflow/spinal_neuron.h"

namespace h2 {

/// A tensor of a layer record in memory.
struct SpinalExtent {
  std::uint64_t address = 0, bytes = 0;
  int layer = 0;
  bool written = false;
};

/// A network table that has been read and checked.
struct SpinalTable {
  int samples = 1;      ///< most of a descriptor
  SpinalNeuron neuron;  ///< without threshold
  std::vector<sf_layer> records;
  std::vector<SpinalLayer> layers;

  SpinalNeuron neuron_of(int layer) const;
  /// Everything the layers read and write but the input of the first.
  std::vector<SpinalExtent> extents(const SpinalUnit& unit) const;
  /// Bytes of the first layer's input, with room for every spike.
  std::uint64_t input_bytes() const;
};

SpinalLayer spinal_layer(const sf_layer& record, int ticks);

/// Header and records as they lie in memory. Returns an h2_error or sf_error; `layer`: of the
/// failure, counted from 1.
std::uint32_t parse_spinal_header(const sf_table& header);
std::uint32_t parse_spinal_table(const sf_table& header, const std::vector<sf_layer>& records,
                                 const SpinalUnit& unit, SpinalTable& table, std::uint32_t& layer);

}  // namespace h2
