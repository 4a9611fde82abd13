// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/arithmetic/update.h"
#include "modules/h2learn/job_context.h"
#include "modules/h2learn/machine.h"
#include "modules/h2learn/tensor_extents.h"

namespace h2 {

/// The network table of a descriptor, read and checked.
struct NetworkTable {
  Network network;
  std::vector<PlacedLayer> layers;
  std::vector<TensorExtent> extents;
  UpdateSpec update;
  int sub_batch = 1;
  bool static_once = false;
  int slots = 0;  ///< sub-batches before a group's last whose vectors grouped layers can keep
  std::uint32_t checksum = 0;
  std::uint64_t bytes = 0;  ///< of the table in memory
};

/// Limits of the two rates of an optimiser step.
constexpr float kMostLearningRate = 1000, kMostWeightDecay = 1;

/// Bytes of the table in memory: header, records, and neurons where the flag says so.
std::uint64_t table_bytes(const h2_table& header);

/// Checks the bytes of a header and its records against the machine. `neurons`: one per layer, or
/// none where the header's serves all. Returns an h2_error; on failure `layer` is the offending
/// record, counted from 1 (0: the header).
std::uint32_t parse_header(const h2_table& header);
std::uint32_t parse_table(const h2_table& header, const std::vector<h2_layer>& records,
                          const std::vector<h2_neuron>& neurons, const Machine& machine,
                          NetworkTable& table, std::uint32_t& layer);

}  // namespace h2
