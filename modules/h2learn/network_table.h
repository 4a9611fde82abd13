// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "modules/arithmetic/neuron_spec.h"
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
  NeuronSpec neuron;
  UpdateSpec update;
  int sub_batch = 1;
  bool static_once = false;
  std::uint32_t checksum = 0;
};

/// Checks the bytes of a header and its records against the machine. Returns an h2_error; on
/// failure `layer` is the offending record, counted from 1 (0: the header).
std::uint32_t parse_header(const h2_table& header);
std::uint32_t parse_table(const h2_table& header, const std::vector<h2_layer>& records,
                          const Machine& machine, NetworkTable& table, std::uint32_t& layer);

}  // namespace h2
