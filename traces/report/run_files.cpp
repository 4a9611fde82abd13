// SPDX-License-Identifier: Apache-2.0
#include "traces/report/run_files.h"

#include <filesystem>
#include <set>

#include "modules/base/error.h"
#include "traces/report/read_json.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

enum class Kind { number, text, array, object };

const char* name_of(Kind kind) {
  return kind == Kind::number  ? "a number"
         : kind == Kind::text  ? "a string"
         : kind == Kind::array ? "a list"
                               : "an object";
}

bool is(const Json& value, Kind kind) {
  return kind == Kind::number  ? value.is_number()
         : kind == Kind::text  ? value.is_string()
         : kind == Kind::array ? value.is_array()
                               : value.is_object();
}

/// Part of a file, with its place in it for messages.
struct Node {
  std::string file;
  std::string path;
  const Json& value;

  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(file + ": " + (path.empty() ? "" : path + ": ") + what);
  }
  Node member(const std::string& key, Kind kind) const {
    const std::string name = path.empty() ? key : path + "." + key;
    const auto found = value.find(key);
    if (found == value.end()) fail("'" + key + "' is missing; expected " + name_of(kind));
    if (!is(*found, kind)) Node{file, name, *found}.fail(std::string("expected ") + name_of(kind));
    return {file, name, *found};
  }
  Node item(std::size_t index, Kind kind) const {
    Node node{file, path + "[" + std::to_string(index) + "]", value[index]};
    if (!is(node.value, kind)) node.fail(std::string("expected ") + name_of(kind));
    return node;
  }
  void numbers(std::initializer_list<const char*> keys) const {
    for (const char* key : keys) member(key, Kind::number);
  }
  void texts(std::initializer_list<const char*> keys) const {
    for (const char* key : keys) member(key, Kind::text);
  }
  /// A list of numbers only; its length.
  std::size_t series(const char* key) const {
    const Node list = member(key, Kind::array);
    for (std::size_t i = 0; i < list.value.size(); ++i) list.item(i, Kind::number);
    return list.value.size();
  }
  /// Every member of an object of objects.
  template <class Check>
  void each(Check check) const {
    for (const auto& [key, unused] : value.items()) check(member(key, Kind::object));
  }
};

void check_schema(const Node& root, int version) {
  if (!root.value.is_object()) root.fail("expected an object");
  const Node schema = root.member("schema", Kind::number);
  if (schema.value != version) {
    schema.fail(schema.value.dump() + "; this version reads " + std::to_string(version));
  }
}

void check_layers(const Node& root) {
  const Node layers = root.member("layers", Kind::array);
  for (std::size_t i = 0; i < layers.value.size(); ++i) {
    const Node layer = layers.item(i, Kind::object);
    layer.texts({"name", "engine", "bound_by"});
    layer.numbers({"cycles", "compute_cycles", "memory_cycles", "macs", "executed_macs", "bytes"});
    const Node engine = layer.member("engine", Kind::text);
    const Json& engines = root.value["engines"];
    if (engines.contains(engine.value.get<std::string>())) continue;
    std::string legal;
    for (const auto& [key, unused] : engines.items()) legal += (legal.empty() ? "" : ", ") + key;
    engine.fail(engine.value.dump() + "; legal: " + legal);
  }
}

void check_result(const Node& root) {
  if (!root.value.contains("result")) return;
  const Node result = root.member("result", Kind::object);
  result.series("loss");
  // null: not measured
  for (const char* share : {"train_accuracy", "test_accuracy"}) {
    if (!result.value.contains(share) || !result.value[share].is_null()) result.numbers({share});
  }
  result.texts({"weights_sha256"});
  if (!result.value.contains("epochs")) return;
  const Node epochs = result.member("epochs", Kind::array);
  for (std::size_t i = 0; i < epochs.value.size(); ++i) {
    const Node epoch = epochs.item(i, Kind::object);
    epoch.numbers({"loss", "train_accuracy"});
    for (const char* share : {"test_accuracy", "validation_accuracy"}) {
      if (epoch.value.contains(share)) epoch.numbers({share});
    }
  }
}

void check_config(const Node& root) {
  const Node config = root.member("config", Kind::object);
  config.numbers({"clock_mhz"});
  config.member("memory", Kind::object).texts({"organisation"});
  config.member("training", Kind::object).numbers({"sub_batch", "batch_group"});
  const Node network = config.member("network", Kind::object);
  network.texts({"layers"});
  network.member("input", Kind::object).numbers({"channels", "height", "width"});
}

void check_summary(const Node& root) {
  check_schema(root, 2);
  check_config(root);
  check_result(root);
  root.member("time", Kind::object)
      .numbers({"cycles", "seconds", "sub_batches", "cycles_per_sub_batch", "samples_per_second"});
  const Node memories = root.member("memory", Kind::object);
  memories.each([](const Node& memory) {
    memory.numbers({"read_bytes", "write_bytes", "bandwidth_gbps", "peak_gbps"});
  });
  root.member("engines", Kind::object).each([&](const Node& engine) {
    engine.texts({"title", "memories_text"});
    engine.numbers({"peak_ops_per_cycle", "busy_cycles", "stall_cycles", "idle_cycles"});
    const Node used = engine.member("memories", Kind::array);
    for (std::size_t i = 0; i < used.value.size(); ++i) {
      const Node memory = used.item(i, Kind::text);
      if (memories.value.contains(memory.value.get<std::string>())) continue;
      memory.fail(memory.value.dump() + ": no memory of this run");
    }
  });
  check_layers(root);
  root.member("wall", Kind::object).numbers({"seconds", "peak_rss_bytes"});
}

void check_stats(const Node& root) {
  check_schema(root, 1);
  root.member("items", Kind::object).each([](const Node& item) { item.numbers({"value"}); });
  const Node samples = root.member("samples", Kind::object);
  const std::size_t times = samples.series("time_us");
  samples.member("series", Kind::object).each([&](const Node& series) {
    series.texts({"unit"});
    if (series.series("values") != times) {
      series.fail("'values' and samples.time_us differ in length");
    }
  });
  if (root.value.contains("tests")) {
    const Node tests = root.member("tests", Kind::array);
    for (std::size_t i = 0; i < tests.value.size(); ++i) {
      tests.item(i, Kind::object).numbers({"start_cycle", "end_cycle"});
    }
  }
  const Node jobs = root.member("jobs", Kind::array);
  for (std::size_t i = 0; i < jobs.value.size(); ++i) {
    const Node job = jobs.item(i, Kind::object);
    job.texts({"engine", "layer", "phase"});
    job.numbers({"sub_batch", "start_cycle", "end_cycle"});
  }
}

ReportRun read_run(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw InputError(folder.string() + ": no such folder; expected the output of a run");
  }
  ReportRun run;
  run.name = fs::absolute(folder / "").lexically_normal().parent_path().filename().string();
  const fs::path summary = folder / "summary.json", stats = folder / "stats.json";
  run.summary = read_json(summary.string(), "the summary of a run");
  check_summary({summary.string(), "", run.summary});
  if (fs::exists(stats)) {
    run.stats = read_json(stats.string(), "the statistics of a run");
    check_stats({stats.string(), "", run.stats});
  }
  return run;
}

}  // namespace

std::vector<ReportRun> read_runs(const std::vector<std::string>& folders) {
  std::vector<ReportRun> runs;
  std::set<std::string> names;
  for (const std::string& folder : folders) {
    runs.push_back(read_run(folder));
    names.insert(runs.back().name);
  }
  for (std::size_t i = 0; names.size() < runs.size() && i < runs.size(); ++i) {
    runs[i].name = folders[i];
  }
  return runs;
}

}  // namespace h2
