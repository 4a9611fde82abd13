// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// Element types of the files we exchange: '<f2', '<f4', '|u1', '<i4'.
enum class NpyType { float16, float32, uint8, int32 };

/// Bytes of one element.
std::size_t npy_size(NpyType type);

/// Array of a NumPy .npy file: C order, little endian.
struct NpyArray {
  NpyType type = NpyType::float32;
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> bytes;

  std::size_t count() const;
  /// The elements as float, exactly (int32 beyond 2^24 is rounded).
  std::vector<float> to_float() const;
};

/// "(2, 3)", as NumPy writes a shape.
std::string npy_shape_text(const std::vector<std::size_t>& shape);

/// Reads format version 1.0. Throws InputError naming the file and what is wrong in it.
NpyArray read_npy(const std::string& path);

/// Writes format version 1.0; `data` holds the elements in C order (float16 as its 16 bits).
/// Throws RunError when the file cannot be written.
void write_npy(const std::string& path, NpyType type, const std::vector<std::size_t>& shape,
               const void* data);

}  // namespace h2
