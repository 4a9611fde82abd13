// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/result_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/tensor/npy.h"
#include "platform/cli/output_lock.h"
#include "platform/config/config.h"
#include "platform/data/weights.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Every file that a run may leave in its folder, summary.json first: without it the rest counts as
/// incomplete.
const char* const kFiles[] = {"summary.json", "stats.json",      "stats.csv",     "layers.csv",
                              "trace.vcd",    "trace.fst",       "trace.gtkw",    "timeline.json",
                              "report.html",  "predictions.npy", "confusion.csv", "spikes.csv"};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

const char* const kTraces[] = {"trace.vcd", "trace.fst", "trace.gtkw", "timeline.json"};

/// Tables of words beside a waveform, and weights.
bool is_result(const fs::path& file) {
  std::string name = file.filename().string();
  if (ends_with(name, ".partial")) name.resize(name.size() - 8);
  const fs::path parent = file.parent_path().filename();
  if (parent == "weights" || parent == "masters")
    return ends_with(name, ".w.npy") || ends_with(name, ".b.npy") ||
           std::any_of(kNormFiles.begin(), kNormFiles.end(), [&](const char* kind) {
             return ends_with(name, "." + std::string(kind) + ".npy");
           });
  return name.rfind("trace.", 0) == 0 && ends_with(name, ".words");
}

/// Those that have no fixed name.
void remove_results(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (is_result(entry.path())) found.push_back(entry.path());
  }
  for (const fs::path& file : found) fs::remove(file, ignored);
}

void write_layer(const fs::path& folder, const Layer& layer, NpyType type, const void* values) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw RunError(folder.string() + ": " + error.message());
  const auto o = static_cast<std::size_t>(layer.cout), i = static_cast<std::size_t>(layer.inputs());
  const auto k = static_cast<std::size_t>(layer.kernel);
  const std::size_t bytes = type == NpyType::float16 ? 2 : 4, taps = k * k;
  const auto* from = static_cast<const std::uint8_t*>(values);
  std::vector<std::uint8_t> weights, bias;
  for (std::size_t row = 0; row < o && layer.bias; ++row) {
    weights.insert(weights.end(), from, from + i * taps * bytes);
    from += i * taps * bytes;
    bias.insert(bias.end(), from + taps / 2 * bytes, from + (taps / 2 + 1) * bytes);
    from += taps * bytes;
  }
  write_npy((folder / (layer.name + ".w.npy")).string(), type,
            layer.kind == LayerKind::fc ? std::vector<std::size_t>{o, i}
                                        : std::vector<std::size_t>{o, i, k, k},
            layer.bias ? weights.data() : values);
  if (layer.bias) write_npy((folder / (layer.name + ".b.npy")).string(), type, {o}, bias.data());
  if (!layer.normalised()) return;
  from += layer.weight_count() * bytes;
  for (const char* name : kNormFiles) {
    write_npy((folder / (layer.name + "." + name + ".npy")).string(), type, {o}, from);
    from += o * bytes;
  }
}

}  // namespace

fs::path shared_output_folder(const CommandLine& line, const Config& config) {
  if (line.out.empty() && (config.name.empty() || config.name == "." || config.name == "..")) {
    throw InputError("--out: the name of " + line.config +
                     " names no folder below out; legal: --out DIR");
  }
  fs::path out = line.out.empty() ? fs::path("out") / config.name : fs::path(line.out);
  std::error_code error;
  fs::create_directories(out, error);
  if (error) throw InputError("--out " + out.string() + ": " + error.message());
  return out;
}

fs::path make_output_folder(const CommandLine& line, const Config& config) {
  fs::path out = shared_output_folder(line, config);
  lock_output(out);
  return out;
}

void ResultFolder::mark(const Json& status) const {
  const std::string path = (folder_ / "summary.json").string();
  errno = 0;
  std::ofstream file(partial_name(path));
  file << status.dump(2) << '\n';
  file.close();
  if (!file) throw RunError(path + ": cannot be written: " + std::strerror(errno));
}

void ResultFolder::begin() const {
  mark({{"complete", false}, {"command", command_}});
  std::error_code error;
  for (const char* name : kFiles) {
    const fs::path path = folder_ / name;
    fs::remove(path, error);
    if (error) throw RunError(path.string() + ": cannot be removed: " + error.message());
    if (std::string(name) != "summary.json") fs::remove(partial_name(path.string()), error);
  }
  remove_results(folder_);
  remove_results(folder_ / "weights");
  remove_results(folder_ / "weights" / "masters");
}

void ResultFolder::write_weights(const Network& network, const RunRecord& record) const {
  const fs::path folder = folder_ / "weights";
  for (std::size_t l = 0; l < record.weights.size(); ++l) {
    const std::size_t bytes = record.weights[l].size();
    const bool half = bytes == 2 * network.layers[l].parameter_count();
    // Weights of another form, which an accelerator's command writes itself.
    if (!half && bytes != 4 * network.layers[l].parameter_count()) continue;
    write_layer(folder, network.layers[l], half ? NpyType::float16 : NpyType::float32,
                record.weights[l].data());
  }
  for (std::size_t l = 0; l < record.masters.size(); ++l) {
    write_layer(folder / "masters", network.layers[l], NpyType::float32, record.masters[l].data());
  }
}

void ResultFolder::finish(const Json& summary) const {
  try {
    mark(summary);
  } catch (const RunError& e) {
    failed(e.what(), {});
    throw;
  }
  publish((folder_ / "summary.json").string());
}

bool ResultFolder::remove_traces() const {
  bool removed = false;
  std::error_code ignored;
  for (const char* name : kTraces) removed |= fs::remove(folder_ / name, ignored);
  remove_results(folder_);
  return removed;
}

void ResultFolder::failed(const std::string& error, const Json& summary) const {
  Json status = summary.is_object() ? summary : Json::object();
  status["complete"] = false;
  status["command"] = command_;
  status["error"] = error;
  mark(status);
}

}  // namespace h2
