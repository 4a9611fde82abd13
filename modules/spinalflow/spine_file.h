// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "modules/spinalflow/spine.h"
#include "modules/tensor/maps.h"

namespace h2 {

/// A file of spike lists, little-endian: "SPINES1\n", then samples, height, width, channels and
/// ticks (u32 each), then a spike tensor without gaps: first entry and count (u32 each) of every
/// list, sample by sample, position by position, and the entries (spinalflow_contract.h).
///
/// Reading throws InputError that names the file and what is wrong: no such file, another format,
/// a length that does not fit, a list that is not sorted, too long, or with a tick or a neuron out
/// of range, with its sample, row and column.
std::vector<SpineMap> read_spines(const std::string& path);
/// All maps have one shape. Throws RunError when the file cannot be written.
void write_spines(const std::string& path, const std::vector<SpineMap>& samples);

/// Spikes of a NumPy file of uint8 0 and 1 with axes B,T,C,H,W, as golden folders hold them. Throws
/// InputError for another type or shape, more than 256 timesteps, or a value above 1.
std::vector<SpineMap> read_spikes(const std::string& path);
void write_spikes(const std::string& path, const std::vector<SpineMap>& samples);

}  // namespace h2
