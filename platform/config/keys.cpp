// SPDX-License-Identifier: Apache-2.0
#include "platform/config/keys.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "platform/config/key_builders.h"

namespace h2 {
namespace {

std::string range_text(const Range& range, bool integer) {
  const std::string min = shortest(range.min);
  const std::string max = shortest(range.max);
  if (range.power_of_two) return "a power of two in " + min + ".." + max;
  if (integer) return "an integer in " + min + ".." + max;
  return "a number " + std::string(range.without_min ? "above " : "from ") + min +
         (range.without_max ? " to below " : " to ") + max;
}

}  // namespace

const std::vector<Key>& key_table() {
  static const std::vector<Key> table = [] {
    std::vector<Key> keys = machine_keys();
    for (std::vector<Key> part : {memory_keys(), run_keys(), cluster_keys()}) {
      for (Key& key : part) keys.push_back(std::move(key));
    }
    return keys;
  }();
  return table;
}

const Key* find_key(const std::string& path) {
  const auto& table = key_table();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Key& key) { return key.path == path; });
  return found == table.end() ? nullptr : &*found;
}

std::vector<std::string> children(const std::string& section) {
  const std::string prefix = section.empty() ? "" : section + ".";
  std::vector<std::string> names;
  for (const Key& key : key_table()) {
    if (key.path.compare(0, prefix.size(), prefix) != 0) continue;
    const std::string name =
        key.path.substr(prefix.size(), key.path.find('.', prefix.size()) - prefix.size());
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string legal_values(const Key& key) {
  switch (key.type) {
    case KeyType::integer:
      return range_text(key.range, true);
    case KeyType::number:
      return range_text(key.range, false) +
             (key.choices.empty() ? "" : ", or " + joined(key.choices));
    case KeyType::numbers:
      return range_text(key.range, false) + ", or a list of one per layer";
    case KeyType::boolean:
      return "true, false";
    case KeyType::choice:
      return joined(key.choices);
    case KeyType::text:
    case KeyType::texts:
      break;
  }
  return key.text_form;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool in_range(const Range& range, double value) {
  if (value < range.min || (range.without_min && value == range.min)) return false;
  if (value > range.max || (range.without_max && value == range.max)) return false;
  int exponent = 0;
  return !range.power_of_two || std::frexp(value, &exponent) == 0.5;
}

std::string shortest(double value) {
  char buffer[32];
  const bool whole = value == std::floor(value) && std::fabs(value) <= 9007199254740992.0;
  const auto end = whole ? std::to_chars(buffer, std::end(buffer), static_cast<std::int64_t>(value))
                         : std::to_chars(buffer, std::end(buffer), value);
  std::string text(buffer, end.ptr);
  // YAML 1.1 readers take 1e-08 for text.
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) {
    text.insert(exponent, ".0");
  }
  return text;
}

double decimal(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value);
  double wide = 0.0;
  std::from_chars(text, end.ptr, wide);
  return wide;
}

}  // namespace h2
