// SPDX-License-Identifier: Apache-2.0
#include "platform/sweep/sweep_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/config/keys.h"
#include "platform/config/source.h"
#include "platform/config/suggest.h"
#include "platform/sweep/sampling.h"

namespace h2 {
namespace {

constexpr const char* kSections =
    "command, config, set, grid, list, sample, columns, pareto, limits";

/// What points.csv has when the file names no columns.
const std::vector<SweepColumn>& default_columns() {
  static const std::vector<SweepColumn> columns{{"time.cycles_per_sub_batch", "cycles"},
                                                {"time.samples_per_second", "1/s"},
                                                {"energy.power_w", "W"},
                                                {"energy.per_sample_j", "J"},
                                                {"energy.energy_delay_js", "J s"},
                                                {"energy.dram_per_sample_j", "J"},
                                                {"area.total_mm2", "mm2"}};
  return columns;
}

/// A value as --set takes it.
std::string text_of(const YAML::Node& node) {
  YAML::Emitter out;
  out << YAML::Flow << node;
  return out.c_str();
}

/// Where a sampled key lies: between two numbers, or one of several values.
struct Domain {
  std::string key;
  double from = 0, to = 0;
  bool integer = false, log = false;
  std::vector<std::string> values;

  std::string at(double share) const {
    if (!values.empty()) {
      const auto n = static_cast<double>(values.size());
      return values[static_cast<std::size_t>(std::min(share * n, n - 1))];
    }
    if (integer) {
      const double low = log ? std::log(from) : from, high = log ? std::log(to + 1) : to + 1;
      const double x = low + share * (high - low);
      return shortest(std::min(to, std::floor(log ? std::exp(x) : x)));
    }
    if (log) return shortest(std::exp(std::log(from) + share * (std::log(to) - std::log(from))));
    return shortest(from + share * (to - from));
  }
};

class SweepReader {
 public:
  explicit SweepReader(const std::string& file) : source_{file, true}, file_(file) {}

  SweepFile read() {
    const YAML::Node root = parse();
    require_map(root, "top level", kSections);
    for (const auto& entry : root) section(entry.first, entry.second);
    if (sweep_.config.empty()) fail(source_.at(root.Mark()), "config", "is missing", "a YAML file");
    multiply();
    if (sweep_.columns.empty()) sweep_.columns = default_columns();
    if (sweep_.pareto.empty()) {
      sweep_.pareto = {"area.total_mm2", "energy.power_w", "time.cycles_per_sub_batch",
                       "energy.per_sample_j"};
    }
    check_pareto(root);
    return std::move(sweep_);
  }

 private:
  YAML::Node parse() const {
    const std::string text = read_text(file_, "a sweep file in YAML");
    try {
      return YAML::Load(text);
    } catch (const YAML::Exception& e) {
      throw InputError(source_.at(e.mark) + ": is not YAML: " + e.msg);
    }
  }

  void section(const YAML::Node& key, const YAML::Node& value) {
    const auto name = key.as<std::string>();
    if (name == "command") {
      sweep_.command = word(value, name, "profile, train");
      if (sweep_.command != "profile" && sweep_.command != "train") {
        fail(source_.at(value.Mark()), name, "is " + sweep_.command, "profile, train");
      }
    } else if (name == "config") {
      const auto folder = std::filesystem::path(file_).parent_path();
      sweep_.config = (folder / word(value, name, "a YAML file")).lexically_normal().string();
    } else if (name == "set") {
      require_map(value, name, "keys with values");
      for (const auto& e : value) sweep_.sets.push_back({config_key(e.first), text_of(e.second)});
    } else if (name == "grid") {
      grid(value);
    } else if (name == "list") {
      list(value);
    } else if (name == "sample") {
      sample(value);
    } else if (name == "columns") {
      require_map(value, name, "paths in summary.json with units");
      for (const auto& e : value) {
        sweep_.columns.push_back({e.first.as<std::string>(), word(e.second, name, "a unit")});
      }
    } else if (name == "pareto") {
      for (const auto& e : value) sweep_.pareto.push_back(e.as<std::string>());
      if (!value.IsSequence() || sweep_.pareto.size() < 2) {
        fail(source_.at(value.Mark()), name, "is not a list", "[x, y, ...], two or more columns");
      }
    } else if (name == "limits") {
      limits(value);
    } else {
      fail(source_.at(key.Mark()), name, "is unknown", kSections);
    }
  }

  void grid(const YAML::Node& value) {
    require_map(value, "grid", "keys with lists of values");
    for (const auto& e : value) {
      std::vector<SweepPoint> column;
      const std::string key = config_key(e.first);
      if (!e.second.IsSequence() || e.second.size() == 0) {
        fail(source_.at(e.second.Mark()), "grid." + key, "is not a list of values", "[a, b, ...]");
      }
      for (const YAML::Node& v : e.second) column.push_back({{key, text_of(v)}});
      factors_.push_back(std::move(column));
      sweep_.keys.push_back(key);
    }
  }

  void list(const YAML::Node& value) {
    if (!value.IsSequence() || value.size() == 0) {
      fail(source_.at(value.Mark()), "list", "is not a list of points", "[{key: value, ...}, ...]");
    }
    std::vector<SweepPoint> column;
    for (const YAML::Node& v : value) {
      require_map(v, "list", "keys with values");
      SweepPoint point;
      for (const auto& e : v) {
        point.push_back({config_key(e.first), text_of(e.second)});
        add_key(point.back().path);
      }
      column.push_back(std::move(point));
    }
    factors_.push_back(std::move(column));
  }

  void sample(const YAML::Node& value) {
    require_map(value, "sample", "method, points, seed, keys");
    const YAML::Node keys = value["keys"];
    if (!keys) fail(source_.at(value.Mark()), "sample.keys", "is missing", "keys with ranges");
    require_map(keys, "sample.keys", "keys with ranges");
    std::vector<Domain> domains;
    for (const auto& e : keys) domains.push_back(domain(e.first, e.second));
    const auto count = whole(value, "points", 1, kMostPoints);
    const auto seed = value["seed"] ? whole(value, "seed", 0, 4294967295.0) : 1;
    const std::string method = value["method"] ? value["method"].Scalar() : "latin_hypercube";
    if (method != "random" && method != "latin_hypercube") {
      fail(source_.at(value["method"].Mark()), "sample.method", "is " + method,
           "random, latin_hypercube");
    }
    const auto points =
        method == "random"
            ? random_points(static_cast<std::uint32_t>(count), domains.size(), seed)
            : latin_hypercube(static_cast<std::uint32_t>(count), domains.size(), seed);
    std::vector<SweepPoint> column;
    for (const auto& p : points) {
      SweepPoint point;
      for (std::size_t d = 0; d < domains.size(); ++d) {
        point.push_back({domains[d].key, domains[d].at(p[d])});
      }
      column.push_back(std::move(point));
    }
    for (const Domain& d : domains) add_key(d.key);
    factors_.push_back(std::move(column));
  }

  Domain domain(const YAML::Node& key, const YAML::Node& value) {
    Domain d;
    d.key = config_key(key);
    const std::string path = "sample.keys." + d.key;
    if (value.IsSequence() && value.size() != 0) {
      for (const YAML::Node& v : value) d.values.push_back(text_of(v));
      return d;
    }
    require_map(value, path, "[a, b, ...] or {from: , to: , log: true}");
    d.from = real(value, "from", path);
    d.to = real(value, "to", path);
    d.integer = find_key(d.key)->type == KeyType::integer;
    d.log = value["log"] && value["log"].Scalar() == "true";
    if (d.from > d.to || (d.log && d.from <= 0)) {
      fail(source_.at(value.Mark()), path, "has no values",
           d.log ? "0 < from <= to" : "from <= to");
    }
    return d;
  }

  void check_pareto(const YAML::Node& root) const {
    std::vector<std::string> known;
    for (const SweepColumn& column : sweep_.columns) known.push_back(column.path);
    for (const std::string& path : sweep_.pareto) {
      if (std::find(known.begin(), known.end(), path) != known.end()) continue;
      fail(source_.at((root["pareto"] ? root["pareto"] : root).Mark()), "pareto",
           path + " is not a column", joined(known));
    }
  }

  void limits(const YAML::Node& value) {
    require_map(value, "limits", "area_mm2");
    for (const auto& e : value) {
      if (e.first.as<std::string>() != "area_mm2") {
        fail(source_.at(e.first.Mark()), "limits." + e.first.Scalar(), "is unknown", "area_mm2");
      }
      sweep_.area_budget_mm2 = real(value, "area_mm2", "limits");
    }
  }

  /// All combinations, the first factor changing slowest.
  void multiply() {
    std::size_t count = 1;
    for (const auto& factor : factors_) count *= factor.size();
    if (count > kMostPoints) {
      throw InputError(file_ + ": " + std::to_string(count) + " points; legal: at most " +
                       std::to_string(kMostPoints));
    }
    sweep_.points.assign(1, {});
    for (const auto& factor : factors_) {
      std::vector<SweepPoint> next;
      next.reserve(sweep_.points.size() * factor.size());
      for (const SweepPoint& before : sweep_.points) {
        for (const SweepPoint& more : factor) {
          next.push_back(before);
          next.back().insert(next.back().end(), more.begin(), more.end());
        }
      }
      sweep_.points = std::move(next);
    }
  }

  std::string config_key(const YAML::Node& node) const {
    const auto path = node.as<std::string>();
    if (find_key(path) != nullptr) return path;
    const std::size_t dot = path.rfind('.');
    const std::string above = dot == std::string::npos ? "" : path.substr(0, dot);
    fail(source_.at(node.Mark()), path, describe_unknown_key(above, path.substr(dot + 1)),
         "a key of h2vp config");
  }

  void add_key(const std::string& key) {
    auto& keys = sweep_.keys;
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }

  void require_map(const YAML::Node& node, const std::string& path,
                   const std::string& legal) const {
    if (!node.IsMap()) fail(source_.at(node.Mark()), path, "is not a map of keys", legal);
  }

  std::string word(const YAML::Node& node, const std::string& path,
                   const std::string& legal) const {
    if (!node.IsScalar() || node.Scalar().empty()) {
      fail(source_.at(node.Mark()), path, "is not a word", legal);
    }
    return node.Scalar();
  }

  double real(const YAML::Node& parent, const char* name, const std::string& path) const {
    const YAML::Node node = parent[name];
    double value = 0;
    if (node && node.IsScalar() && YAML::convert<double>::decode(node, value)) return value;
    fail(source_.at(node ? node.Mark() : parent.Mark()), path + "." + name, "is not a number",
         "a number");
  }

  std::uint64_t whole(const YAML::Node& parent, const char* name, double min, double max) const {
    const double value = real(parent, name, "sample");
    if (value >= min && value <= max && value == std::floor(value)) {
      return static_cast<std::uint64_t>(value);
    }
    fail(source_.at(parent[name].Mark()), std::string("sample.") + name, "is " + shortest(value),
         "an integer in " + shortest(min) + ".." + shortest(max));
  }

  const Source source_;
  const std::string file_;
  SweepFile sweep_;
  std::vector<std::vector<SweepPoint>> factors_;
};

}  // namespace

SweepFile read_sweep(const std::string& file) {
  try {
    return SweepReader(file).read();
  } catch (const YAML::Exception& e) {  // a key or a value that is not a word
    throw InputError(Source{file, true}.at(e.mark) + ": " + e.msg);
  }
}

}  // namespace h2
