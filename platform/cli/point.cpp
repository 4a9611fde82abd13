// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/point.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <sstream>

#include "modules/base/error.h"
#include "platform/cli/commands.h"
#include "platform/config/load.h"
#include "traces/report/read_json.h"
#include "traces/results/summary.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

/// What was printed before stays where it was; what follows goes to the file.
void print_to(const std::filesystem::path& file) {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  const int log = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) throw RunError(file.string() + ": cannot be written");
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  close(log);
}

void add_options(const RunPoint& point, CommandLine& line) {
  const std::string mark = "{out}";
  for (const auto& [name, value] : point.options) {
    std::string text = value;
    const std::size_t at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), point.folder.string());
    line.text += " --" + name + " " + std::filesystem::path(text).filename().string();
    line.values.insert({name, boost::program_options::variable_value(boost::any(text), false)});
  }
}

const Subcommand& command_of(const RunPoint& point) {
  if (point.command == "train") return kTrainCommand;
  return point.command == "infer-spikes" ? kInferSpikesCommand : kProfileCommand;
}

}  // namespace

std::string point_hash(const RunPoint& point) {
  std::string text = point.command + "\n";
  for (const auto& [name, value] : point.options) text += "--" + name + " " + value + "\n";
  text += config_json(load_config(point.config, point.sets)).dump();
  std::vector<std::vector<std::uint8_t>> bytes(1);
  bytes.front().assign(text.begin(), text.end());
  return weights_sha256(bytes).substr(0, 12);
}

std::optional<Json> finished_summary(const RunPoint& point) {
  Json summary;
  try {
    summary = read_json((point.folder / "summary.json").string(), "the summary of a run");
  } catch (const InputError&) {
    return std::nullopt;
  }
  if (!summary.is_object() || !flag_at(summary, "complete")) return std::nullopt;
  if (summary.contains("interrupted") || !summary.contains("config")) return std::nullopt;
  if (text_at(summary, "command").rfind(point.command + " ", 0) != 0) return std::nullopt;
  const nlohmann::json expected = config_json(load_config(point.config, point.sets));
  if (nlohmann::json::parse(summary["config"].dump()) != expected) return std::nullopt;
  return summary;
}

int run_point(const RunPoint& point) {
  std::filesystem::create_directories(point.folder);
  print_to(point.folder / "log.txt");
  CommandLine line;
  line.command = point.command;
  line.text = point.command + " " + std::filesystem::path(point.config).filename().string();
  for (const Override& set : point.sets) line.text += " --set " + set.path + "=" + set.value;
  line.config = point.config;
  line.sets = point.sets;
  line.out = point.folder.string();
  line.quiet = true;
  add_options(point, line);
  return command_of(point).run(line);
}

std::optional<double> number_at(const Json& summary, const std::string& path) {
  const Json* at = &summary;
  std::istringstream in(path);
  for (std::string name; std::getline(in, name, '.');) {
    if (!at->is_object() || !at->contains(name)) return std::nullopt;
    at = &(*at)[name];
  }
  if (!at->is_number()) return std::nullopt;
  return at->get<double>();
}

}  // namespace h2
