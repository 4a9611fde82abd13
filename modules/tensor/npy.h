// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// Element types of the files we exchange: '<f2', '<f4', '|u1', '<i4', '<i8', '<u2', '|b1', '|i1'.
enum class NpyType { float16, float32, uint8, int32, int64, uint16, boolean, int8 };

/// Bytes of one element.
std::size_t npy_size(NpyType type);

/// Array of a NumPy .npy file: C order, little endian.
struct NpyArray {
  NpyType type = NpyType::float32;
  std::vector<std::size_t> shape;
  std::vector<std::uint8_t> bytes;

  std::size_t count() const;
  /// The elements as float, exactly (integers beyond 2^24 are rounded).
  std::vector<float> to_float() const;
};

/// What the header of a file says, and where the elements begin.
struct NpyHeader {
  NpyType type = NpyType::float32;
  std::vector<std::size_t> shape;
  std::size_t begin = 0;
};
/// Reads no element; the file has as many as it says. Throws InputError as read_npy() does.
NpyHeader read_npy_header(const std::string& path);

/// One element as a number; integers beyond 2^53 are rounded.
double npy_number(NpyType type, const std::uint8_t* element);

/// What a file of such an array has before its elements.
std::string npy_prefix(NpyType type, const std::vector<std::size_t>& shape);

/// "(2, 3)", as NumPy writes a shape.
std::string npy_shape_text(const std::vector<std::size_t>& shape);

/// Reads format version 1.0. Throws InputError naming the file and what is wrong in it.
NpyArray read_npy(const std::string& path);

/// Writes format version 1.0; `data` holds the elements in C order (float16 as its 16 bits).
/// Throws RunError when the file cannot be written.
void write_npy(const std::string& path, NpyType type, const std::vector<std::size_t>& shape,
               const void* data);

}  // namespace h2
