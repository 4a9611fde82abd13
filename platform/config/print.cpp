// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "platform/config/keys.h"
#include "platform/config/load.h"

namespace h2 {
namespace {

using nlohmann::json;

/// Would any YAML reader take the bare word for text, and for the same text?
bool is_plain_word(const std::string& text) {
  static const std::vector<std::string> taken{"true", "false", "null", "yes", "no", "on",
                                              "off",  "y",     "n",    "inf", "nan"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto inner = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '/' || c == '-';
  };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), inner) &&
         std::find(taken.begin(), taken.end(), text) == taken.end();
}

/// JSON strings are YAML's double-quoted strings.
std::string quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string yaml_text(const json& value);

/// A layer of a list, its type first.
std::string yaml_map(const json& value) {
  std::string map = "{type: " + yaml_text(value["type"]);
  for (const auto& [name, member] : value.items()) {
    if (name != "type") map += ", " + name + ": " + yaml_text(member);
  }
  return map + "}";
}

std::string yaml_text(const json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return is_plain_word(text) ? text : quoted(text);
  }
  if (value.is_number_float()) return shortest(value.get<double>());
  if (value.is_object()) return yaml_map(value);
  if (!value.is_array()) return value.dump();
  std::string list;
  for (const json& item : value) list += (list.empty() ? "[" : ", ") + yaml_text(item);
  return list + "]";
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> words;
  std::istringstream in(path);
  for (std::string word; std::getline(in, word, '.');) words.push_back(word);
  return words;
}

std::string indent(std::size_t depth) { return std::string(2 * depth, ' '); }

}  // namespace

std::string print_config(const Config& config) {
  std::ostringstream out;
  std::vector<std::string> open;  // names of the sections around the current line
  for (const Key& key : key_table()) {
    std::vector<std::string> sections = split(key.path);
    const std::string name = sections.back();
    sections.pop_back();
    std::size_t depth = 0;
    while (depth < std::min(open.size(), sections.size()) && open[depth] == sections[depth]) {
      ++depth;
    }
    for (; depth < sections.size(); ++depth) out << indent(depth) << sections[depth] << ":\n";
    open = sections;
    out << indent(depth) << name << ": " << yaml_text(key.get(config)) << "  # " << key.description
        << "; " << legal_values(key) << "\n";
  }
  return out.str();
}

json config_json(const Config& config) {
  json root = json::object();
  for (const Key& key : key_table()) {
    json* at = &root;
    for (const std::string& name : split(key.path)) at = &(*at)[name];
    *at = key.get(config);
    if (!key.file_path) continue;
    const std::filesystem::path path = at->get<std::string>();
    if (path.is_absolute()) *at = path.lexically_normal().filename().string();
  }
  return root;
}

}  // namespace h2
