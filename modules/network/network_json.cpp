// SPDX-License-Identifier: Apache-2.0
#include "modules/network/network_json.h"

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>

namespace h2 {
namespace {

using nlohmann::json;

struct NeuronMember {
  const char* name;
  std::optional<float> LayerItem::*at;
};
constexpr NeuronMember kNeuron[] = {{"alpha", &LayerItem::alpha},
                                    {"th_f", &LayerItem::th_f},
                                    {"th_l", &LayerItem::th_l},
                                    {"th_r", &LayerItem::th_r},
                                    {"beta", &LayerItem::beta}};

constexpr const char* kResets[] = {"hard", "soft", "soft_after_decay"};
constexpr const char* kSurrogates[] = {"rectangle", "triangle", "atan", "fast_sigmoid"};
constexpr const char* kNorms[] = {"none", "tdbn", "tdbn_branch"};

/// The value that has a name, by its place among the names.
template <class Value, std::size_t Size>
std::optional<Value> named(const char* const (&names)[Size], const std::string& name) {
  for (std::size_t i = 0; i < Size; ++i) {
    if (name == names[i]) return static_cast<Value>(i);
  }
  return {};
}

/// The shortest decimal that reads back as the same float: 0.1f is 0.1, not 0.10000000149.
double decimal_of(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value);
  double wide = 0;
  std::from_chars(text, end.ptr, wide);
  return wide;
}

json json_of(const LayerItem& item) {
  if (item.type == LayerItem::Type::pool) {
    return {{"type", "pool"}, {"kind", item.max_pool ? "max" : "average"}};
  }
  const bool conv = item.type == LayerItem::Type::conv;
  json value{{"type", conv ? "conv" : "fc"}, {conv ? "channels" : "neurons", item.size}};
  if (conv) {
    value["kernel"] = item.kernel;
    value["stride"] = item.stride;
    value["padding"] = item.valid ? "valid" : "same";
  }
  if (item.encoding) value["encoding"] = true;
  if (item.bias) value["bias"] = true;
  if (item.readout) value["readout"] = true;
  if (item.norm != BatchNormKind::none) value["batch_norm"] = kNorms[static_cast<int>(item.norm)];
  if (!item.adds.empty()) value["adds"] = item.adds;
  if (!item.adds_potentials.empty()) value["adds_potentials"] = item.adds_potentials;
  if (item.reset) value["reset"] = kResets[static_cast<int>(*item.reset)];
  if (item.surrogate) value["surrogate"] = kSurrogates[static_cast<int>(*item.surrogate)];
  for (const NeuronMember& m : kNeuron) {
    if (item.*m.at) value[m.name] = decimal_of(*(item.*m.at));
  }
  return value;
}

LayerItem layer_item(const json& value) {
  LayerItem item;
  const std::string type = value.value("type", "");
  item.type = type == "pool" ? LayerItem::Type::pool
              : type == "fc" ? LayerItem::Type::fc
                             : LayerItem::Type::conv;
  item.max_pool = value.value("kind", "average") == "max";
  item.size = value.value(type == "fc" ? "neurons" : "channels", 1);
  item.kernel = value.value("kernel", item.kernel);
  item.stride = value.value("stride", item.stride);
  const std::string padding = value.value("padding", "same");
  item.valid = padding == "valid" || padding == "0";
  item.encoding = value.value("encoding", false);
  item.bias = value.value("bias", false);
  item.readout = value.value("readout", false);
  item.norm =
      named<BatchNormKind>(kNorms, value.value("batch_norm", "none")).value_or(BatchNormKind::none);
  item.adds = value.value("adds", "");
  item.adds_potentials = value.value("adds_potentials", "");
  if (value.contains("reset")) item.reset = named<Reset>(kResets, value["reset"]);
  if (value.contains("surrogate")) {
    item.surrogate = named<Surrogate>(kSurrogates, value["surrogate"]);
  }
  for (const NeuronMember& m : kNeuron) {
    if (value.contains(m.name)) item.*m.at = value[m.name].get<float>();
  }
  return item;
}

}  // namespace

json json_of(const NetworkText& text) {
  if (text.items.empty()) return text.notation;
  json list = json::array();
  for (const LayerItem& item : text.items) list.push_back(json_of(item));
  return list;
}

NetworkText network_text(const json& value) {
  NetworkText text;
  if (!value.is_array()) {
    text.notation = value.get<std::string>();
    return text;
  }
  for (const json& item : value) text.items.push_back(layer_item(item));
  return text;
}

}  // namespace h2
