// SPDX-License-Identifier: Apache-2.0
#include "modules/tensor/npy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <string_view>

#include "modules/arithmetic/fp16.h"
#include "modules/base/error.h"
#include "modules/base/file.h"
#include "modules/base/result_file.h"
#include "modules/tensor/npy_fields.h"

namespace h2 {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr std::size_t kPrefix = 10;  // magic, version, header length
constexpr std::size_t kAlign = 64;

struct TypeName {
  NpyType type;
  const char* descr;
  std::size_t size;
};
constexpr std::array<TypeName, 8> kTypes{{{NpyType::float16, "<f2", 2},
                                          {NpyType::float32, "<f4", 4},
                                          {NpyType::uint8, "|u1", 1},
                                          {NpyType::int32, "<i4", 4},
                                          {NpyType::int64, "<i8", 8},
                                          {NpyType::uint16, "<u2", 2},
                                          {NpyType::boolean, "|b1", 1},
                                          {NpyType::int8, "|i1", 1}}};

const TypeName& type_name(NpyType type) { return kTypes[static_cast<std::size_t>(type)]; }

NpyType parse_type(const std::string& path, std::string_view descr) {
  for (const TypeName& t : kTypes) {
    if (descr == t.descr) return t.type;
  }
  throw InputError(path + ": element type '" + std::string(descr) +
                   "', legal: <f2, <f4, |u1, |i1, |b1, <u2, <i4, <i8");
}

/// Elements of `shape`, or the largest number if they do not fit.
std::size_t element_count(const std::vector<std::size_t>& shape) {
  constexpr std::size_t kLimit = std::numeric_limits<std::size_t>::max() / 8;
  std::size_t count = 1;
  for (const std::size_t d : shape) {
    if (d != 0 && count > kLimit / d) return kLimit;
    count *= d;
  }
  return count;
}

/// Length of prefix and header together.
std::size_t check_prefix(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() < kPrefix || std::memcmp(bytes.data(), kMagic, 6) != 0) {
    throw InputError(path + ": not a NumPy .npy file");
  }
  if (bytes[6] != 1 || bytes[7] != 0) {
    throw InputError(path + ": .npy format version " + std::to_string(bytes[6]) + "." +
                     std::to_string(bytes[7]) + ", legal: 1.0");
  }
  const std::size_t start = kPrefix + bytes[8] + 256U * bytes[9];
  if (start > bytes.size()) throw InputError(path + ": truncated inside the .npy header");
  return start;
}

}  // namespace

std::size_t npy_size(NpyType type) { return type_name(type).size; }

std::size_t NpyArray::count() const { return element_count(shape); }

namespace {

template <class Element>
Element element_at(const std::uint8_t* at) {
  Element element{};
  std::memcpy(&element, at, sizeof element);
  return element;
}

}  // namespace

double npy_number(NpyType type, const std::uint8_t* element) {
  switch (type) {
    case NpyType::float16:
      return from_fp16(element_at<std::uint16_t>(element));
    case NpyType::float32:
      return element_at<float>(element);
    case NpyType::int32:
      return element_at<std::int32_t>(element);
    case NpyType::int64:
      return static_cast<double>(element_at<std::int64_t>(element));
    case NpyType::uint16:
      return element_at<std::uint16_t>(element);
    case NpyType::int8:
      return element_at<std::int8_t>(element);
    case NpyType::boolean:
    case NpyType::uint8:
      break;
  }
  return *element;
}

std::vector<float> NpyArray::to_float() const {
  std::vector<float> values(count());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(npy_number(type, &bytes[i * npy_size(type)]));
  }
  return values;
}

std::string npy_shape_text(const std::vector<std::size_t>& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

namespace {

/// `bytes` holds the header at least, `size` is that of the whole file.
NpyHeader parse_header(const std::string& path, const std::vector<std::uint8_t>& bytes,
                       std::size_t size) {
  NpyHeader found;
  found.begin = check_prefix(path, bytes);
  const std::string header(bytes.begin() + kPrefix, bytes.begin() + static_cast<long>(found.begin));
  const NpyFields fields = parse_npy_fields(path, header);
  found.type = parse_type(path, fields.descr);
  if (fields.fortran_order) throw InputError(path + ": Fortran order, legal: C order");
  found.shape = fields.shape;
  const std::size_t expected = element_count(found.shape) * npy_size(found.type);
  if (size - found.begin != expected) {
    throw InputError(path + ": shape " + npy_shape_text(found.shape) + " needs " +
                     std::to_string(expected) + " bytes of data, the file holds " +
                     std::to_string(size - found.begin));
  }
  return found;
}

}  // namespace

NpyHeader read_npy_header(const std::string& path) {
  constexpr std::size_t kMostHeader = kPrefix + 65536;
  require_plain_file(path, "a .npy file");
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw InputError(path + ": cannot be opened");
  const auto size = static_cast<std::size_t>(file.tellg());
  std::vector<std::uint8_t> bytes(std::min(size, kMostHeader));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) throw InputError(path + ": cannot be read");
  return parse_header(path, bytes, size);
}

NpyArray read_npy(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  const NpyHeader header = parse_header(path, bytes, bytes.size());
  NpyArray array;
  array.type = header.type;
  array.shape = header.shape;
  array.bytes.assign(bytes.begin() + static_cast<long>(header.begin), bytes.end());
  return array;
}

std::string npy_prefix(NpyType type, const std::vector<std::size_t>& shape) {
  std::string header = std::string("{'descr': '") + type_name(type).descr +
                       "', 'fortran_order': False, 'shape': " + npy_shape_text(shape) + ", }";
  header.append(kAlign - 1 - (kPrefix + header.size()) % kAlign, ' ');
  header += '\n';
  std::string prefix(kMagic, 6);
  prefix += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
             static_cast<char>(header.size() >> 8)};
  return prefix + header;
}

void write_npy(const std::string& path, NpyType type, const std::vector<std::size_t>& shape,
               const void* data) {
  std::string content = npy_prefix(type, shape);
  content.append(static_cast<const char*>(data), element_count(shape) * npy_size(type));
  write_result(path, content);
}

}  // namespace h2
