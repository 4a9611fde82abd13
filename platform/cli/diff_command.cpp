// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "platform/cli/commands.h"
#include "platform/cli/point.h"
#include "traces/report/read_json.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

void diff_options(boost::program_options::options_description_easy_init add) {
  add("json", boost::program_options::value<std::string>(), "also write the result to this file");
}

Json read_summary(const std::string& run) {
  std::filesystem::path path = run;
  if (std::filesystem::is_directory(path)) path /= "summary.json";
  Json summary = read_json(path.string(), "a folder of train or profile");
  if (!summary.is_object() || !summary.contains("time")) {
    throw InputError(path.string() + ": is not the summary of a run");
  }
  return summary;
}

/// Every value below `at`, by dotted path.
void flatten(const Json& at, const std::string& path, std::map<std::string, Json>& values) {
  if (!at.is_object()) {
    values[path] = at;
    return;
  }
  for (const auto& [name, value] : at.items()) {
    flatten(value, path.empty() ? name : path + "." + name, values);
  }
}

std::map<std::string, Json> flattened(const Json& summary, const char* section) {
  std::map<std::string, Json> values;
  if (summary.contains(section)) flatten(summary[section], "", values);
  return values;
}

Json changed_keys(const Json& a, const Json& b) {
  const auto before = flattened(a, "config"), after = flattened(b, "config");
  Json changes = Json::array();
  for (const auto& [key, value] : before) {
    const auto found = after.find(key);
    const Json other = found == after.end() ? Json() : found->second;
    if (other != value) changes.push_back({{"key", key}, {"a", value}, {"b", other}});
  }
  for (const auto& [key, value] : after) {
    if (before.count(key) == 0) changes.push_back({{"key", key}, {"a", nullptr}, {"b", value}});
  }
  return changes;
}

/// {name, a, b, change}, largest change first; what is equal is left out.
Json changed_numbers(const std::map<std::string, double>& a,
                     const std::map<std::string, double>& b) {
  std::map<std::string, std::pair<double, double>> all;
  for (const auto& [name, value] : a) all[name].first = value;
  for (const auto& [name, value] : b) all[name].second = value;
  std::vector<std::pair<std::string, std::pair<double, double>>> sorted(all.begin(), all.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& x, const auto& y) {
    return std::abs(x.second.second - x.second.first) > std::abs(y.second.second - y.second.first);
  });
  Json changes = Json::array();
  for (const auto& [name, pair] : sorted) {
    if (pair.first == pair.second) continue;
    changes.push_back({{"name", name},
                       {"a", pair.first},
                       {"b", pair.second},
                       {"change", pair.second - pair.first}});
  }
  return changes;
}

std::map<std::string, double> causes(const Json& s) {
  std::map<std::string, double> values;
  if (!s.at("time").contains("breakdown")) return values;
  for (const auto& [cause, cycles] : s["time"]["breakdown"].items()) {
    values[cause] = cycles.get<double>();
  }
  return values;
}

std::map<std::string, double> jobs(const Json& s) {
  std::map<std::string, double> values;
  for (const Json& l : s.at("layers")) {
    const bool array = l.value("kind", "array") == "array";
    values[l.at("name").get<std::string>() + " " +
           l.at(array ? "engine" : "kind").get<std::string>()] = l.at("cycles").get<double>();
  }
  return values;
}

std::map<std::string, double> headlines(const Json& s) {
  std::map<std::string, double> values;
  for (const char* path : {"time.cycles_per_sub_batch", "time.cycles", "time.samples_per_second",
                           "energy.per_sample_j", "energy.power_w", "energy.dram_per_sample_j",
                           "area.total_mm2", "result.test_accuracy"}) {
    if (const auto value = number_at(s, path)) values[path] = *value;
  }
  return values;
}

void print(const char* title, const Json& changes, std::size_t most) {
  std::cout << title << (changes.empty() ? ": none\n" : "\n");
  for (std::size_t i = 0; i < std::min(most, changes.size()); ++i) {
    const Json& c = changes[i];
    char text[64] = "";
    const double a = c["a"], b = c["b"];
    if (a != 0) std::snprintf(text, sizeof text, "  (%+.1f %%)", (b / a - 1) * 100);
    std::cout << "  " << c["name"].get<std::string>() << ": " << c["a"] << " -> " << c["b"] << text
              << '\n';
  }
  if (changes.size() > most) std::cout << "  ... " << changes.size() - most << " smaller\n";
}

int run_diff(const CommandLine& line) {
  if (line.files.size() != 2) throw InputError("h2vp diff: expected two runs; legal: diff A B");
  const Json a = read_summary(line.files[0]), b = read_summary(line.files[1]);
  Json result = with_types_of_a_run(line.files[0] + ", " + line.files[1], [&] {
    return Json{{"keys", changed_keys(a, b)},
                {"results", changed_numbers(headlines(a), headlines(b))},
                {"causes", changed_numbers(causes(a), causes(b))},
                {"jobs", changed_numbers(jobs(a), jobs(b))}};
  });
  if (line.has("json")) {
    const auto path = line.get<std::string>("json");
    require_folder_of(path);
    write_result(path, result.dump(2) + "\n");
  }
  if (line.quiet) return 0;
  std::cout << "keys" << (result["keys"].empty() ? ": none differ\n" : "\n");
  for (const Json& k : result["keys"]) {
    std::cout << "  " << k["key"].get<std::string>() << ": " << k["a"] << " -> " << k["b"] << '\n';
  }
  constexpr std::size_t kMostRows = 12;
  print("results", result["results"], kMostRows);
  print("cycles per sub-batch by cause", result["causes"], kMostRows);
  print("cycles of one job", result["jobs"], kMostRows);
  return 0;
}

}  // namespace

const Subcommand kDiffCommand{
    "diff",           "what changed from run A to run B: keys, results, causes, jobs",
    run_diff,         diff_options,
    ConfigFile::none, "A B"};

}  // namespace h2
