// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "memory/bus/transfer.h"
#include "modules/base/memory_reader.h"
#include "modules/tensor/maps.h"
#include "modules/tensor/tensor_image.h"

// Tensors of the modelled memories, read through debug transport, as NumPy files. All throw
// RunError: memory that cannot be read, or a file that cannot be written.

namespace h2 {

std::vector<std::uint8_t> fetch(const MemoryReader& memory, std::uint64_t address,
                                std::uint64_t bytes);
/// Reads what the list asks for and hands it to the operands.
void fetch_all(const MemoryReader& memory, TransferList& list);
BitMap fetch_bits(const MemoryReader& memory, const TensorImage& image);
/// Null `packed_by`: stored dense.
ValueMap fetch_values(const MemoryReader& memory, const TensorImage& image, int value_bytes,
                      const BitMap* packed_by);

/// B,T,C,H,W as uint8.
void write_bits(const std::string& path, const BitMap& map, int steps);
/// Bit planes joined to bytes: pixels as the host fed them.
void write_planes(const std::string& path, const BitMap& map, int steps, int planes);
/// float16 (2 bytes a value) or float32 (4).
void write_floats(const std::string& path, const std::vector<std::size_t>& shape,
                  const std::vector<float>& values, int value_bytes);
void write_values(const std::string& path, const ValueMap& map, int steps, int value_bytes);

}  // namespace h2
