#include "platform/data/npy.h"

#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <regex>

#include "modules/error.h"
#include "modules/kernels/fp16.h"
#include "platform/data/file.h"

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
constexpr std::array<TypeName, 4> kTypes{{{NpyType::float16, "<f2", 2},
                                          {NpyType::float32, "<f4", 4},
                                          {NpyType::uint8, "|u1", 1},
                                          {NpyType::int32, "<i4", 4}}};

const TypeName& type_name(NpyType type) { return kTypes[static_cast<std::size_t>(type)]; }

std::string field(const std::string& path, const std::string& header, const std::string& pattern,
                  const char* name) {
  std::smatch found;
  if (std::regex_search(header, found, std::regex(pattern))) return found[1];
  throw InputError(path + ": the .npy header has no valid '" + name + "': " + header);
}

NpyType parse_type(const std::string& path, const std::string& descr) {
  for (const TypeName& t : kTypes) {
    if (descr == t.descr) return t.type;
  }
  throw InputError(path + ": element type '" + descr + "', legal: <f2, <f4, |u1, <i4");
}

std::vector<std::size_t> parse_shape(const std::string& path, const std::string& text) {
  std::vector<std::size_t> shape;
  const std::regex number("[0-9]+");
  for (std::sregex_iterator it(text.begin(), text.end(), number), end; it != end; ++it) {
    if (it->length() > 9) throw InputError(path + ": dimension " + it->str() + " is too large");
    shape.push_back(std::stoul(it->str()));
  }
  return shape;
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

std::vector<float> NpyArray::to_float() const {
  std::vector<float> values(count());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint8_t* at = &bytes[i * npy_size(type)];
    if (type == NpyType::uint8) {
      values[i] = *at;
    } else if (type == NpyType::float16) {
      std::uint16_t half = 0;
      std::memcpy(&half, at, sizeof half);
      values[i] = from_fp16(half);
    } else if (type == NpyType::float32) {
      std::memcpy(&values[i], at, sizeof(float));
    } else {
      std::int32_t integer = 0;
      std::memcpy(&integer, at, sizeof integer);
      values[i] = static_cast<float>(integer);
    }
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

NpyArray read_npy(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  const std::size_t start = check_prefix(path, bytes);
  const std::string header(bytes.begin() + kPrefix, bytes.begin() + static_cast<long>(start));
  NpyArray array;
  array.type = parse_type(path, field(path, header, "'descr': *'([^']*)'", "descr"));
  if (field(path, header, "'fortran_order': *(True|False)", "fortran_order") == "True") {
    throw InputError(path + ": Fortran order, legal: C order");
  }
  array.shape = parse_shape(path, field(path, header, R"('shape': *\(([0-9, ]*)\))", "shape"));
  const std::size_t expected = array.count() * npy_size(array.type);
  if (bytes.size() - start != expected) {
    throw InputError(path + ": shape " + npy_shape_text(array.shape) + " needs " +
                     std::to_string(expected) + " bytes of data, the file holds " +
                     std::to_string(bytes.size() - start));
  }
  array.bytes.assign(bytes.begin() + static_cast<long>(start), bytes.end());
  return array;
}

void write_npy(const std::string& path, NpyType type, const std::vector<std::size_t>& shape,
               const void* data) {
  std::string header = std::string("{'descr': '") + type_name(type).descr +
                       "', 'fortran_order': False, 'shape': " + npy_shape_text(shape) + ", }";
  header.append(kAlign - 1 - (kPrefix + header.size()) % kAlign, ' ');
  header += '\n';
  std::string prefix(kMagic, 6);
  prefix += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
             static_cast<char>(header.size() >> 8)};
  std::ofstream file(path, std::ios::binary);
  file << prefix << header;
  file.write(static_cast<const char*>(data),
             static_cast<std::streamsize>(element_count(shape) * npy_size(type)));
  file.close();
  if (!file) throw RunError(path + ": cannot be written");
}

}  // namespace h2
