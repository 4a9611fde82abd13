// SPDX-License-Identifier: Apache-2.0
#include "platform/config/keys.h"

#include <cmath>
#include <set>

#include "tests/config/config_files.h"

namespace h2 {
namespace {

using nlohmann::json;

const Config kDefaults;

/// Every test goes through the whole table.
class EveryKey : public ConfigFiles {
 protected:
  static bool is_numeric(const Key& key) {
    return key.type == KeyType::integer || key.type == KeyType::number ||
           key.type == KeyType::numbers;
  }

  void expect_rejected(const Key& key, const std::string& value) const {
    const std::string where = "--set " + key.path + "=" + value + ": " + key.path + ": ";
    const std::string message = error("", {{key.path, value}});
    EXPECT_EQ(message.substr(0, where.size()), where);
    EXPECT_NE(message.find("; legal: " + legal_values(key)), std::string::npos) << message;
  }
};

TEST_F(EveryKey, RejectsIllTypedValues) {
  for (const Key& key : key_table()) {
    for (const char* value : {"{a: 1}", "~", "", "!!str 1"}) expect_rejected(key, value);
    const bool list = key.type == KeyType::numbers || key.type == KeyType::texts;
    if (key.layer_list) continue;  // layer_list_test.cpp
    expect_rejected(key, list ? "[[1]]" : "[1]");
    if (key.type == KeyType::text || key.type == KeyType::texts) continue;
    for (const char* value : {"some_word", "\"1\"", "0x10", "010", "1 2", ".inf", "1e999", "-"}) {
      expect_rejected(key, value);
    }
    if (key.type == KeyType::integer) expect_rejected(key, "1.0");
    if (key.type == KeyType::boolean) expect_rejected(key, "1");
  }
}

TEST_F(EveryKey, RejectsNumbersJustOutsideTheRange) {
  for (const Key& key : key_table()) {
    if (!is_numeric(key)) continue;
    const Range& range = key.range;
    const auto outside = [&](double limit, bool excluded, double direction) {
      if (key.type == KeyType::integer) return shortest(limit + direction);
      const double step = std::max(1e-3, std::fabs(limit) * 1e-3);
      return shortest(excluded ? limit : limit + direction * step);
    };
    expect_rejected(key, outside(range.min, range.without_min, -1));
    expect_rejected(key, outside(range.max, range.without_max, +1));
    if (range.power_of_two) expect_rejected(key, shortest(range.max - range.min * 3 / 4));
    EXPECT_EQ(in_range(range, range.min), !range.without_min) << key.path;
    EXPECT_EQ(in_range(range, range.max), !range.without_max) << key.path;
  }
}

/// A legal value other than the default.
json other_value(const Key& key) {
  const json value = key.get(kDefaults);
  switch (key.type) {
    case KeyType::boolean:
      return !value.get<bool>();
    case KeyType::choice:
      return key.choices[value == key.choices.front() ? 1 : 0];
    case KeyType::text:
      return "other";
    case KeyType::texts:
      return {"a", "b"};
    default:
      return value == key.range.max ? key.range.min : key.range.max;
  }
}

/// Getter and setter of a key belong to the same member, and to no other key's.
TEST_F(EveryKey, SetsExactlyItsOwnMember) {
  const json before = config_json(kDefaults);
  for (const Key& key : key_table()) {
    if (key.path == "memory.preset") continue;  // sets memory.dram as well
    if (key.type == KeyType::choice && key.choices.size() == 1) continue;  // nothing else is legal
    Config config;
    key.set(config, other_value(key));
    EXPECT_EQ(key.get(config), other_value(key)) << key.path;
    json after = config_json(config);
    std::string pointer = "/" + key.path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    EXPECT_NE(after, before) << key.path;
    after[json::json_pointer(pointer)] = key.get(kDefaults);
    EXPECT_EQ(after, before) << key.path;
  }
}

TEST_F(EveryKey, HasALegalDefaultAndADescription) {
  for (const Key& key : key_table()) {
    const json value = key.get(kDefaults);
    EXPECT_FALSE(key.description.empty()) << key.path;
    EXPECT_FALSE(legal_values(key).empty()) << key.path;
    EXPECT_EQ(error("", {{key.path, value.dump()}}), "");
  }
}

TEST(KeyTable, PathsAreUniqueAndGroupedBySection) {
  std::set<std::string> paths, closed;
  std::string open;
  for (const Key& key : key_table()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path;
    const std::string section = key.path.substr(0, key.path.find('.'));
    if (section == open) continue;
    EXPECT_TRUE(closed.insert(section).second) << key.path << " is apart from its section";
    open = section;
  }
  EXPECT_EQ(children("tile"), (std::vector<std::string>{"height", "width"}));
  EXPECT_TRUE(children("tile.height").empty());
}

TEST(KeyTable, ShortestDecimals) {
  EXPECT_EQ(shortest(800.0), "800");
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(decimal(0.1F)), "0.1");
  EXPECT_EQ(shortest(-0.5), "-0.5");
  EXPECT_EQ(shortest(1e-8), "1.0e-08");
  EXPECT_EQ(shortest(1.5e-8), "1.5e-08");
  for (std::uint32_t i = 1; i < 100000; i += 7) {
    const float value = static_cast<float>(i) * 1.0009e-4F;
    ASSERT_EQ(static_cast<float>(decimal(value)), value);
  }
}

const json* find_property(const json& schema, const std::string& path) {
  const json* at = &schema;
  std::istringstream in(path);
  for (std::string name; std::getline(in, name, '.');) {
    if (!at->contains("properties") || !(*at)["properties"].contains(name)) return nullptr;
    EXPECT_EQ((*at)["additionalProperties"], false);
    at = &(*at)["properties"][name];
  }
  return at;
}

TEST(Schema, HasEveryKeyWithDescriptionAndDefault) {
  const json schema = json::parse(config_schema());
  EXPECT_TRUE(schema["properties"].contains("include"));
  for (const Key& key : key_table()) {
    const json* property = find_property(schema, key.path);
    ASSERT_NE(property, nullptr) << key.path;
    EXPECT_EQ((*property)["default"], key.get(kDefaults)) << key.path;
    EXPECT_EQ((*property)["description"].get<std::string>().rfind(key.description, 0), 0U);
  }
  const json& momentum = *find_property(schema, "training.momentum");
  EXPECT_EQ(momentum["minimum"], 0);
  EXPECT_EQ(momentum["exclusiveMaximum"], 1);
  EXPECT_EQ((*find_property(schema, "memory.dram.ranks"))["enum"], json({1, 2, 4, 8, 16}));
}

}  // namespace
}  // namespace h2
