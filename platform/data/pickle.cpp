// SPDX-License-Identifier: Apache-2.0
#include "platform/data/pickle.h"

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/data/pickle_machine.h"

namespace h2 {
namespace {

[[noreturn]] void refuse_value(const std::string& path, const std::string& name, const char* what) {
  throw InputError(path + ": '" + name + "' " + what);
}

}  // namespace

Pickle::Pickle(const std::string& path) : path_(path), bytes_(read_bytes(path)) {
  root_ = PickleMachine(*this).run();
}

std::string_view Pickle::text(const Node& node) const {
  return {reinterpret_cast<const char*>(bytes_.data()) + node.begin, node.size};
}

const Pickle::Node* Pickle::find(const Node& dict, const std::string& key) const {
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const Node& name = nodes_[dict.items[i]];
    const bool is_text = name.kind == Kind::text || name.kind == Kind::bytes;
    if (is_text && text(name) == key) return &nodes_[dict.items[i + 1]];
  }
  return nullptr;
}

bool Pickle::has(const Node& dict, const std::string& key) const {
  return dict.kind == Kind::dict && find(dict, key) != nullptr;
}

const Pickle::Node& Pickle::value(const Node& dict, const std::string& key) const {
  if (dict.kind != Kind::dict) throw InputError(path_ + ": holds no dictionary");
  const Node* found = find(dict, key);
  if (found == nullptr) refuse_value(path_, key, "is missing in the dictionary");
  return *found;
}

Pickle::Array Pickle::array(const Node& object, const std::string& name) const {
  const auto item = [&](const Node& of, std::size_t i, Kind kind) -> const Node& {
    const bool sound = i < of.items.size() && nodes_[of.items[i]].kind == kind;
    if (!sound) refuse_value(path_, name, "is no NumPy array as we know it");
    return nodes_[of.items[i]];
  };
  if (object.kind != Kind::object) refuse_value(path_, name, "is no NumPy array");
  // State: version, shape, type, whether in Fortran's order, bytes.
  const Node& state = item(object, 2, Kind::tuple);
  const Node& type = item(item(state, 2, Kind::object), 1, Kind::tuple);
  if (type.items.empty() || text(nodes_[type.items[0]]) != "u1") {
    refuse_value(path_, name, "is a NumPy array of another type than uint8");
  }
  Array array;
  std::size_t count = 1;
  for (const std::uint32_t d : item(state, 1, Kind::tuple).items) {
    const std::int64_t size = nodes_[d].integer;
    if (nodes_[d].kind != Kind::integer || size < 0 ||
        size > static_cast<std::int64_t>(bytes_.size())) {
      refuse_value(path_, name, "has a dimension that the file cannot hold");
    }
    array.shape.push_back(static_cast<std::size_t>(size));
    if ((count *= array.shape.back()) > bytes_.size()) {
      refuse_value(path_, name, "has a shape that the file cannot hold");
    }
  }
  if (item(state, 3, Kind::boolean).integer != 0 && array.shape.size() > 1) {
    refuse_value(path_, name, "is in Fortran's order");
  }
  const Node& data = item(state, 4, Kind::bytes);
  if (data.size != count) refuse_value(path_, name, "has more or fewer bytes than its shape");
  array.begin = data.begin;
  return array;
}

std::vector<std::int64_t> Pickle::integers(const Node& node, const std::string& name) const {
  if (node.kind != Kind::list) refuse_value(path_, name, "is no list");
  std::vector<std::int64_t> out;
  for (const std::uint32_t index : node.items) {
    if (nodes_[index].kind != Kind::integer)
      refuse_value(path_, name, "holds other things than integers");
    out.push_back(nodes_[index].integer);
  }
  return out;
}

}  // namespace h2
