// SPDX-License-Identifier: Apache-2.0
#include "platform/config/energy_table.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/config/keys.h"
#include "platform/config/source.h"

namespace h2 {
namespace {

constexpr double kRounding = 1e-3;  // of a value against the product of its figures
const Quantity kQuantities[] = {Quantity::energy, Quantity::clock, Quantity::area,
                                Quantity::leakage};

std::string preset_names() {
  std::vector<std::string> names;
  for (const auto& [name, text] : energy_presets()) names.push_back(name);
  return joined(names);
}

/// Reads one table into `table`, over what its base says.
class TableReader {
 public:
  TableReader(std::string name, CostTable& table) : source_{std::move(name), true}, table_(table) {}

  void read(const std::string& text) {
    try {
      read_root(parse(text));
    } catch (const YAML::Exception& e) {  // a key that is not a word
      throw InputError(source_.at(e.mark) + ": " + e.msg);
    }
  }

 private:
  void read_root(const YAML::Node& root) {
    require_map(root, "top level", "name, base, costs");
    for (const auto& entry : root) {
      const auto name = entry.first.as<std::string>();
      if (name != "name" && name != "base" && name != "costs") {
        fail(source_.at(entry.first.Mark()), name, "is unknown", "name, base, costs");
      }
    }
    if (root["base"]) read_base(root["base"]);
    if (!root["name"] || !root["name"].IsScalar()) {
      fail(source_.at(root.Mark()), "name", "is missing", "a word");
    }
    table_.name = root["name"].Scalar();
    if (!root["costs"]) fail(source_.at(root.Mark()), "costs", "is missing", joined(primitives()));
    require_map(root["costs"], "costs", joined(primitives()));
    for (const auto& entry : root["costs"]) read_primitive(entry.first, entry.second);
  }

  YAML::Node parse(const std::string& text) const {
    try {
      return YAML::Load(text);
    } catch (const YAML::Exception& e) {
      throw InputError(source_.at(e.mark) + ": is not YAML: " + e.msg);
    }
  }

  void require_map(const YAML::Node& node, const std::string& path,
                   const std::string& legal) const {
    if (!node.IsMap()) fail(source_.at(node.Mark()), path, "is not a map of keys", legal);
  }

  void read_base(const YAML::Node& base) {
    const auto found =
        base.IsScalar() ? energy_presets().find(base.Scalar()) : energy_presets().end();
    if (found == energy_presets().end() || base.Scalar() == source_.name) {
      fail(source_.at(base.Mark()), "base", "is not another preset", preset_names());
    }
    TableReader(base.Scalar(), table_).read(found->second);
  }

  void read_primitive(const YAML::Node& key, const YAML::Node& quantities) {
    const auto name = key.as<std::string>();
    const std::string path = "costs." + name;
    if (std::count(primitives().begin(), primitives().end(), name) == 0) {
      fail(source_.at(key.Mark()), path, "is unknown", joined(primitives()));
    }
    require_map(quantities, path, "energy, clock, area, leakage");
    for (const auto& entry : quantities) {
      const auto word = entry.first.as<std::string>();
      const auto* quantity = std::find_if(std::begin(kQuantities), std::end(kQuantities),
                                          [&](Quantity q) { return word == name_of(q); });
      if (quantity == std::end(kQuantities)) {
        fail(source_.at(entry.first.Mark()), path + "." + word, "is unknown",
             "energy, clock, area, leakage");
      }
      table_.set(name, *quantity, read_cost(entry.second, path + "." + word, *quantity));
    }
  }

  UnitCost read_cost(const YAML::Node& node, const std::string& path, Quantity quantity) const {
    require_map(node, path, "value, unit, status, source, figures, fit");
    for (const auto& entry : node) {
      static const std::vector<std::string> legal{"value",  "unit",    "status",
                                                  "source", "figures", "fit"};
      const auto name = entry.first.as<std::string>();
      if (std::count(legal.begin(), legal.end(), name) == 0) {
        fail(source_.at(entry.first.Mark()), path + "." + name, "is unknown", joined(legal));
      }
    }
    UnitCost cost;
    cost.value = number(node, node["value"], path + ".value");
    if (word(node, "unit", path) != unit_of(quantity)) {
      fail(source_.at(node["unit"].Mark()), path + ".unit", "is '" + node["unit"].Scalar() + "'",
           unit_of(quantity));
    }
    cost.status = word(node, "status", path);
    cost.source = word(node, "source", path);
    static const std::vector<std::string> statuses{"published", "scaled", "assumed", "fitted"};
    if (std::count(statuses.begin(), statuses.end(), cost.status) == 0) {
      fail(source_.at(node["status"].Mark()), path + ".status", "is '" + cost.status + "'",
           joined(statuses));
    }
    read_figures(node, path, cost);
    return cost;
  }

  void read_figures(const YAML::Node& node, const std::string& path, UnitCost& cost) const {
    const YAML::Node figures = node["figures"];
    if (!figures) {
      if (cost.status == "assumed" || cost.status == "fitted") return;
      fail(source_.at(node.Mark()), path + ".figures", "is missing where a source is named",
           "numbers of the source whose product is the value");
    }
    require_map(figures, path + ".figures", "names with numbers");
    double product = 1;
    for (const auto& entry : figures) {
      const auto name = entry.first.as<std::string>();
      cost.figures.emplace_back(name, number(node, entry.second, path + ".figures." + name));
      product *= cost.figures.back().second;
    }
    if (std::abs(cost.value - product) <= kRounding * std::abs(product)) return;
    fail(source_.at(node["value"].Mark()), path + ".value",
         "is " + shortest(cost.value) + ", not the product of its figures", shortest(product));
  }

  double number(const YAML::Node& parent, const YAML::Node& node, const std::string& path) const {
    double value = 0;
    const bool read = node && node.IsScalar() && YAML::convert<double>::decode(node, value);
    if (read && std::isfinite(value) && value >= 0) return value;
    fail(source_.at(node ? node.Mark() : parent.Mark()), path, "is not a number from 0",
         "a number from 0");
  }

  std::string word(const YAML::Node& node, const char* key, const std::string& path) const {
    const YAML::Node found = node[key];
    if (found && found.IsScalar() && !found.Scalar().empty()) return found.Scalar();
    fail(source_.at(found ? found.Mark() : node.Mark()), path + "." + key, "is missing", "text");
  }

  const Source source_;
  CostTable& table_;
};

std::string text_of(const std::string& file) {
  try {
    return read_text(file, "a cost table in YAML");
  } catch (const InputError& e) {
    throw InputError(std::string("energy.table: ") + e.what());
  }
}

}  // namespace

CostTable load_cost_table(const EnergyConfig& config) {
  CostTable table;
  if (config.table.empty()) {
    TableReader(config.preset, table).read(energy_presets().at(config.preset));
  } else {
    TableReader(config.table, table).read(text_of(config.table));
  }
  return table;
}

}  // namespace h2
