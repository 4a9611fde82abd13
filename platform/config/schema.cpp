// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "platform/config/keys.h"
#include "platform/config/layer_list.h"
#include "platform/config/load.h"

namespace h2 {
namespace {

using json = nlohmann::ordered_json;

json bound(double value) {
  if (value == static_cast<double>(static_cast<std::int64_t>(value))) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

json range_schema(const Key& key, const char* type) {
  const Range& range = key.range;
  json schema;
  schema["type"] = type;
  if (range.power_of_two) {
    for (double value = range.min; value <= range.max; value *= 2) {
      schema["enum"].push_back(bound(value));
    }
    return schema;
  }
  schema[range.without_min ? "exclusiveMinimum" : "minimum"] = bound(range.min);
  schema[range.without_max ? "exclusiveMaximum" : "maximum"] = bound(range.max);
  return schema;
}

json number_schema(const Key& key) {
  const json numbers = range_schema(key, "number");
  if (key.choices.empty()) return numbers;
  return {{"anyOf", json::array({numbers, json{{"enum", key.choices}}})}};
}

json list_of(const json& item) {
  const json list{{"type", "array"}, {"items", item}, {"minItems", 1}};
  return {{"anyOf", json::array({item, list})}};
}

}  // namespace

json value_schema(const Key& key) {
  if (key.layer_list) {
    return {{"anyOf", json::array({json{{"type", "string"}}, layer_list_schema()})}};
  }
  switch (key.type) {
    case KeyType::integer:
      return range_schema(key, "integer");
    case KeyType::number:
      return number_schema(key);
    case KeyType::numbers:
      return list_of(range_schema(key, "number"));
    case KeyType::boolean:
      return {{"type", "boolean"}};
    case KeyType::choice:
      return {{"enum", key.choices}};
    case KeyType::texts:
      return list_of({{"type", "string"}});
    case KeyType::text:
      break;
  }
  return {{"type", "string"}};
}

namespace {

json section_schema(const std::string& section, const Config& defaults) {
  json schema{{"type", "object"}, {"additionalProperties", false}};
  json& properties = schema["properties"] = json::object();
  for (const std::string& name : children(section)) {
    const std::string path = section.empty() ? name : section + "." + name;
    const Key* key = find_key(path);
    if (key == nullptr) {
      properties[name] = section_schema(path, defaults);
      continue;
    }
    json& property = properties[name] = value_schema(*key);
    property["description"] = key->description + "; " + legal_values(*key);
    property["default"] = key->get(defaults);
  }
  return schema;
}

}  // namespace

std::string config_schema() {
  const Config defaults;
  json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "H2Learn-VP configuration"}};
  schema.update(section_schema("", defaults));
  json include = list_of({{"type", "string"}, {"minLength", 1}});
  include["description"] = "files whose keys this one overrides, relative to it";
  schema["properties"]["include"] = include;
  return schema.dump(2) + "\n";
}

}  // namespace h2
