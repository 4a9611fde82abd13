// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace h2 {

/// What a pickle file of Python holds, read without executing anything: numbers, texts, lists,
/// tuples, dictionaries and NumPy arrays of protocols 0x80 2 to 4. Whatever else a file asks for is
/// refused by name: another opcode, and every function but the three that NumPy's arrays need,
/// which are noted and never called. Source: opcodes as described in Python's pickletools.
class Pickle {
 public:
  enum class Kind { none, boolean, integer, bytes, text, list, tuple, dict, global, object };
  struct Node {
    Kind kind = Kind::none;
    std::int64_t integer = 0;
    std::size_t begin = 0, size = 0;   ///< of bytes and texts, in the file
    std::vector<std::uint32_t> items;  ///< dict: key, value, ..; object: function, arguments, state
  };
  /// An array of bytes, as it lies in the file.
  struct Array {
    std::vector<std::size_t> shape;
    std::size_t begin = 0;
  };

  /// Throws InputError that names file, byte and opcode.
  explicit Pickle(const std::string& path);

  const std::string& path() const { return path_; }
  const Node& root() const { return nodes_[root_]; }
  const Node& node(std::uint32_t index) const { return nodes_[index]; }
  std::string_view text(const Node& node) const;
  /// The value of a key, a text or bytes. Throws InputError if it is missing or `dict` is none.
  const Node& value(const Node& dict, const std::string& key) const;
  bool has(const Node& dict, const std::string& key) const;
  /// A NumPy array of uint8 in C order, or of Fortran order with one dimension. Throws InputError.
  Array array(const Node& node, const std::string& name) const;
  /// A list of integers. Throws InputError.
  std::vector<std::int64_t> integers(const Node& node, const std::string& name) const;

 private:
  friend class PickleMachine;
  const Node* find(const Node& dict, const std::string& key) const;

  std::string path_;
  std::vector<std::uint8_t> bytes_;
  std::vector<Node> nodes_;
  std::uint32_t root_ = 0;
};

}  // namespace h2
