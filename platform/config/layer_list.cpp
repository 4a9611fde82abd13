// SPDX-License-Identifier: Apache-2.0
#include "platform/config/layer_list.h"

#include <algorithm>

#include "modules/network/network.h"
#include "platform/config/load.h"
#include "platform/config/value.h"

namespace h2 {
namespace {

constexpr const char* kPath = "network.layers";
constexpr double kLargestFp16 = 65504;

Key field(const char* name, KeyType type, Range range, const char* meaning) {
  Key key;
  key.path = name;
  key.type = type;
  key.range = range;
  key.description = meaning;
  return key;
}

Key number_field(const char* name, Range range, const char* meaning) {
  Key key = field(name, KeyType::number, range, meaning);
  key.single = true;
  return key;
}

Key choice_field(const char* name, std::vector<std::string> choices, const char* meaning) {
  Key key = field(name, KeyType::choice, {}, meaning);
  key.choices = std::move(choices);
  return key;
}

Key adds_field(const char* name, const char* meaning) {
  Key key = field(name, KeyType::text, {}, meaning);
  key.text_form = "a name as conv1 or fc1";
  return key;
}

Key bias_field() {
  return field("bias", KeyType::boolean, {}, "adds a trained number to each sum of weights");
}

Key norm_field() {
  return choice_field("batch_norm", {"none", "tdbn", "tdbn_branch"},
                      "trained batch norm of the sums, scaled to the threshold, an extension; "
                      "tdbn_branch: to a 1 / sqrt(2) of it, where branches are added");
}

Key encoding_field() {
  return field("encoding", KeyType::boolean, {}, "reads pixels; the first layer only");
}

/// Fields of one type of layer; the first ones, `required` of them, have to be there.
struct LayerType {
  const char* name;
  std::size_t required;
  std::vector<Key> fields;
};

std::vector<Key> neuron_fields() {
  return {
      number_field("alpha", {0, 1}, "leakage factor, instead of neuron.alpha"),
      number_field("th_f", {0, kLargestFp16, true}, "firing threshold, instead of neuron.th_f"),
      number_field("th_l", {-kLargestFp16, kLargestFp16}, "instead of neuron.th_l"),
      number_field("th_r", {-kLargestFp16, kLargestFp16}, "instead of neuron.th_r"),
      number_field("beta", {0, kLargestFp16, true}, "instead of neuron.beta"),
      adds_field("adds", "name of a layer below whose spikes are added to the sums, an extension"),
      adds_field("adds_potentials", "the same with its potentials, an extension"),
      choice_field("reset", {"hard", "soft", "soft_after_decay"}, "instead of neuron.reset"),
      choice_field("surrogate", {"rectangle", "triangle", "atan", "fast_sigmoid"},
                   "instead of neuron.surrogate"),
  };
}

const std::vector<LayerType>& layer_types() {
  static const std::vector<LayerType> types = [] {
    std::vector<LayerType> all{
        {"conv",
         1,
         {field("channels", KeyType::integer, {1, kMostLayerChannels}, "output channels"),
          field("kernel", KeyType::integer, {1, kLargestLayerKernel}, "odd side of the kernel, 3"),
          field("stride", KeyType::integer, {1, 2}, "stride, 1"),
          choice_field("padding", {"same", "valid", "0"},
                       "same: kernel / 2 zeros on every side; valid or 0: none"),
          encoding_field(), bias_field(), norm_field()}},
        {"fc",
         1,
         {field("neurons", KeyType::integer, {1, kMostLayerChannels}, "neurons"), encoding_field(),
          bias_field(), norm_field(),
          field("readout", KeyType::boolean, {},
                "potentials are the outputs, which never fire, an extension; the last layer "
                "only")}},
        {"pool",
         0,
         {choice_field("kind", {"average", "max"},
                       "average: of potentials or spikes, as AP2; max: "
                       "one of four spikes, an extension")}}};
    for (LayerType& type : all) {
      if (type.required == 0) continue;  // no neurons
      for (Key& key : neuron_fields()) type.fields.push_back(std::move(key));
    }
    return all;
  }();
  return types;
}

std::string names_of(const LayerType& type) {
  std::vector<std::string> names{"type"};
  for (const Key& key : type.fields) names.push_back(key.path);
  return joined(names);
}

/// One item of the list.
class ItemReader {
 public:
  ItemReader(const YAML::Node& item, std::size_t index, const Source& source)
      : item_(item),
        path_(std::string(kPath) + ": item " + std::to_string(index + 1)),
        source_(source),
        where_(source.at(item.Mark())) {}

  nlohmann::json read() {
    if (!item_.IsMap()) {
      fail(where_, path_, "is not a map of fields", "a map as {type: conv, channels: 16}");
    }
    const LayerType& type = type_of();
    nlohmann::json value{{"type", type.name}};
    for (const auto& entry : item_) read_field(type, entry.first, entry.second, value);
    for (std::size_t i = 0; i < type.required; ++i) {
      const std::string& name = type.fields[i].path;
      if (!value.contains(name)) {
        fail(where_, path_, std::string("a layer of type ") + type.name + " lacks " + name,
             names_of(type));
      }
    }
    return value;
  }

 private:
  const LayerType& type_of() const {
    Key key = choice_field("type", {}, "");
    for (const LayerType& type : layer_types()) key.choices.emplace_back(type.name);
    const YAML::Node node = item_["type"];
    if (!node) fail(where_, path_, "has no type", "type: " + joined(key.choices));
    key.path = path_ + ": type";
    const std::string name = read_value(key, node, source_, where_);
    return *std::find_if(layer_types().begin(), layer_types().end(),
                         [&](const LayerType& type) { return name == type.name; });
  }

  void read_field(const LayerType& type, const YAML::Node& name, const YAML::Node& node,
                  nlohmann::json& value) {
    const std::string here = source_.at(name.Mark());
    if (!name.IsScalar()) fail(here, path_, "a field is not a word", names_of(type));
    const std::string& word = name.Scalar();
    if (std::find(seen_.begin(), seen_.end(), word) != seen_.end()) {
      fail(here, path_ + ": " + word, "is given twice", "once");
    }
    seen_.push_back(word);
    if (word == "type") return;
    const auto known = std::find_if(type.fields.begin(), type.fields.end(),
                                    [&](const Key& key) { return key.path == word; });
    if (known == type.fields.end()) {
      fail(here, path_ + ": " + word, std::string("is no field of type ") + type.name,
           names_of(type));
    }
    Key key = *known;
    key.path = path_ + ": " + word;
    value[word] = read_value(key, node, source_, here);
  }

  const YAML::Node& item_;
  const std::string path_;
  const Source& source_;
  const std::string where_;
  std::vector<std::string> seen_;
};

}  // namespace

LayerList read_layer_list(const YAML::Node& list, const Source& source) {
  LayerList layers;
  layers.value = nlohmann::json::array();
  for (const YAML::Node& item : list) {
    const std::size_t index = layers.places.size();
    layers.places.push_back(source.at(item.Mark()));
    layers.value.push_back(ItemReader(item, index, source).read());
  }
  if (layers.places.empty()) {
    fail(source.at(list.Mark()), kPath, "is an empty list", "layers, or \"\" for no network");
  }
  return layers;
}

nlohmann::ordered_json layer_list_schema() {
  using Json = nlohmann::ordered_json;
  Json items = Json::array();
  for (const LayerType& type : layer_types()) {
    Json properties{{"type", {{"const", type.name}}}};
    Json required = Json::array({"type"});
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      const Key& key = type.fields[i];
      properties[key.path] = value_schema(key);
      properties[key.path]["description"] = key.description + "; " + legal_values(key);
      if (key.path == "padding") properties[key.path]["enum"].push_back(0);  // a number in JSON
      if (i < type.required) required.push_back(key.path);
    }
    items.push_back(Json{{"type", "object"},
                         {"additionalProperties", false},
                         {"properties", properties},
                         {"required", required}});
  }
  return {{"type", "array"}, {"items", Json{{"oneOf", items}}}, {"minItems", 1}};
}

}  // namespace h2
