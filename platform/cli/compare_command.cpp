// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "platform/cli/commands.h"
#include "platform/cli/compare_inference.h"
#include "platform/cli/messages.h"
#include "platform/config/keys.h"
#include "traces/report/read_json.h"
#include "traces/report/report.h"

namespace h2 {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A row of the table, a number of summary.json or made of some.
struct Measure {
  const char* name;
  const char* unit;
  std::optional<double> (*read)(const Json& summary);
};

std::optional<double> find_number(const Json& summary, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!summary.contains(at) || !summary.at(at).is_number()) return std::nullopt;
  return summary.at(at).get<double>();
}

std::optional<double> moved_gigabytes(const Json& s) {
  double bytes = 0;
  for (const auto& [name, m] : s["memory"].items()) {
    bytes += m["read_bytes"].get<double>() + m["write_bytes"].get<double>();
  }
  return bytes / 1e9;
}

std::optional<double> peak_macs(const Json& s) {
  double sum = 0;
  for (const auto& [key, e] : s["engines"].items()) sum += e["peak_ops_per_cycle"].get<double>();
  return sum;
}

std::optional<double> peak_gbps(const Json& s) {
  double sum = 0;
  for (const auto& [name, m] : s["memory"].items()) sum += m["peak_gbps"].get<double>();
  return sum;
}

std::optional<double> test_accuracy(const Json& s) {
  const auto inferred = find_number(s, "/inference/accuracy");
  return inferred ? inferred : find_number(s, "/result/test_accuracy");
}

/// What has no number in a summary has no row, as accuracy without data.
constexpr Measure kMeasures[] = {
    {"accuracy, test", "", test_accuracy},
    {"accuracy, training", "",
     [](const Json& s) { return find_number(s, "/result/train_accuracy"); }},
    {"time simulated", "s", [](const Json& s) { return find_number(s, "/time/seconds"); }},
    {"samples per second", "1/s",
     [](const Json& s) { return find_number(s, "/time/samples_per_second"); }},
    {"cycles", "", [](const Json& s) { return find_number(s, "/time/cycles"); }},
    {"clock", "MHz", [](const Json& s) { return find_number(s, "/config/clock_mhz"); }},
    {"moved to and from memory", "GB", moved_gigabytes},
    {"energy, accelerator", "J", [](const Json& s) { return find_number(s, "/energy/total_j"); }},
    {"energy, memory", "J", [](const Json& s) { return find_number(s, "/energy/dram_j"); }},
    {"energy per sample", "J",
     [](const Json& s) { return find_number(s, "/energy/per_sample_j"); }},
    {"area", "mm2", [](const Json& s) { return find_number(s, "/area/total_mm2"); }},
    {"peak, operations per cycle", "", peak_macs},
    {"peak of the memories", "GB/s", peak_gbps},
};

std::vector<std::string> names_of(const std::string& text) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  std::istringstream parts(text);
  for (std::string name; std::getline(parts, name, ',');) {
    if (!seen.insert(name).second)
      throw InputError("--accelerators " + text + ": " + name + " twice");
    names.push_back(name);
  }
  if (names.size() < 2) {
    throw InputError("--accelerators " + text + ": expected two or more, as h2learn,sata");
  }
  return names;
}

std::string accelerator_of(const Config& config) {
  return find_key("accelerator")->get(config).get<std::string>();
}

/// The files that put the network of `config`, which is for `own`, on accelerator `name`: CONFIG
/// itself; NAME_CONFIG beside it, which includes it; or CONFIG and the machine NAME.yaml.
std::vector<fs::path> files_for(const fs::path& config, const std::string& own,
                                const std::string& name) {
  if (name == own) return {config};
  if (own != "h2learn") {
    throw InputError("--accelerators: " + config.string() + " is for " + own +
                     "; legal: a configuration of h2learn, on which others are put");
  }
  const fs::path tuned = config.parent_path() / (name + "_" + config.filename().string());
  if (fs::exists(tuned)) return {tuned};
  const fs::path machine = config.parent_path() / (name + ".yaml");
  if (fs::exists(machine)) return {config, machine};
  throw InputError("--accelerators " + name + ": " + tuned.string() + ", " + machine.string() +
                   ": no such files; legal: an accelerator with one of them beside " +
                   config.string());
}

ComparedRun prepare(const CommandLine& line, const std::string& own, const std::string& name,
                    const fs::path& out) {
  const std::vector<fs::path> files = files_for(fs::absolute(line.config), own, name);
  std::string include;
  for (const fs::path& file : files) {
    include += (include.empty() ? "" : ", ") + Json(file.string()).dump();
  }
  ComparedRun machine{name, out / (name + ".yaml"), out / name};
  write_result(machine.config.string(), "include: [" + include + "]\n");
  const std::string found = accelerator_of(load_config(machine.config.string(), line.sets));
  if (found != name) {
    throw InputError("--accelerators " + name + ": " + files.back().string() + " is for " + found);
  }
  return machine;
}

int run_here(const CommandLine& line) {
  try {
    return (line.command == "profile" ? kProfileCommand
            : line.command == "infer" ? kInferCommand
                                      : kTrainCommand)
        .run(line);
  } catch (const InputError& e) {
    print_message(e.what());
    return 2;
  } catch (const std::exception& e) {
    print_message(error_message(e));
    return 1;
  }
}

/// A simulation is made once per process. Exit code, or 1 after a signal.
int run_apart(const CommandLine& line) {
  std::cout.flush();
  const pid_t child = fork();
  if (child < 0) throw RunError(std::string("h2vp compare: no process: ") + std::strerror(errno));
  if (child == 0) {
    const int code = run_here(line);
    std::cout.flush();
    std::cerr.flush();
    std::_Exit(code);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

Json summary_of(const ComparedRun& machine) {
  return read_json((machine.folder / "summary.json").string(), "the summary of a run");
}

Json table_of(const std::vector<ComparedRun>& machines) {
  std::vector<Json> summaries;
  summaries.reserve(machines.size());
  for (const ComparedRun& machine : machines) summaries.push_back(summary_of(machine));
  Json rows = Json::array();
  for (const Measure& measure : kMeasures) {
    Json row{{"measure", measure.name}, {"unit", measure.unit}};
    bool any = false;
    for (std::size_t i = 0; i < machines.size(); ++i) {
      const std::optional<double> value = measure.read(summaries[i]);
      any = any || value;
      row["values"][machines[i].name] = value ? Json(*value) : Json();
    }
    if (any) rows.push_back(row);
  }
  return rows;
}

std::string title_of(const Json& row) {
  const std::string unit = row["unit"];
  return row["measure"].get<std::string>() + (unit.empty() ? "" : ", " + unit);
}

std::string cell_of(const Json& value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value.is_number() ? value.get<double>() : 0.0);
  return value.is_number() ? text : "-";
}

void print_table(const Json& comparison) {
  std::printf("%-32s", "");
  for (const Json& name : comparison["accelerators"]) {
    std::printf(" %16s", name.get<std::string>().c_str());
  }
  std::printf("\n");
  for (const Json& row : comparison["rows"]) {
    std::printf("%-32s", title_of(row).c_str());
    for (const auto& [machine, value] : row["values"].items()) {
      std::printf(" %16s", cell_of(value).c_str());
    }
    std::printf("\n");
  }
}

std::string markdown_of(const Json& comparison) {
  std::string head = "| |", rule = "|---|", body;
  for (const Json& name : comparison["accelerators"]) {
    head += " " + name.get<std::string>() + " |";
    rule += "---|";
  }
  for (const Json& row : comparison["rows"]) {
    body += "| " + title_of(row) + " |";
    for (const auto& [machine, value] : row["values"].items()) body += " " + cell_of(value) + " |";
    body += "\n";
  }
  return head + "\n" + rule + "\n" + body;
}

void compare_options(boost::program_options::options_description_easy_init add) {
  add("accelerators", boost::program_options::value<std::string>(),
      "which, as h2learn,sata: CONFIG's own, or one with a file beside CONFIG: NAME_CONFIG, or the "
      "machine NAME.yaml");
  add("profile", "time the network without data instead of training it");
  add("weights", boost::program_options::value<std::string>(),
      "infer with these instead of training (with an accelerator that only infers, and none given: "
      "those of a training of CONFIG)");
}

int run_compare(const CommandLine& given) {
  CommandLine line = given;
  line.sets = shared(line.sets);
  const Config config = load_config(line.config, line.sets);
  const std::vector<std::string> names = names_of(line.get<std::string>("accelerators"));
  const fs::path out =
      line.out.empty() ? fs::path("out") / (config.name + "_compared") : fs::path(line.out);
  std::error_code error;
  fs::create_directories(out, error);
  if (error) throw InputError("--out " + out.string() + ": " + error.message());
  std::vector<ComparedRun> machines;
  machines.reserve(names.size());
  for (const std::string& name : names) {
    machines.push_back(prepare(line, accelerator_of(config), name, out));
  }
  const std::string command = compared_command(line, machines);
  int failed = 0;
  const std::string weights =
      command == "infer" ? compared_weights(line, out, run_apart, failed) : "";
  if (failed != 0) return failed;
  std::vector<std::string> folders;
  for (const ComparedRun& machine : machines) {
    CommandLine one = line;
    one.command = command;
    if (command == "infer") set_weights(one, weights);
    one.text = one.command + " " + machine.name + ".yaml";
    one.config = machine.config.string();
    one.out = machine.folder.string();
    one.quiet = true;
    if (!line.quiet) std::cout << machine.name << " ..." << std::endl;
    const int code = run_apart(one);
    if (code != 0) {
      std::cerr << "h2vp compare: " << machine.name << " ended with exit code " << code
                << ": there is no comparison\n";
      return code;
    }
    folders.push_back(machine.folder.string());
  }
  const Json comparison{{"schema", 1},
                        {"config", line.config},
                        {"command", command},
                        {"accelerators", names},
                        {"rows", table_of(machines)}};
  write_result((out / "comparison.json").string(), comparison.dump(2) + "\n");
  write_result((out / "comparison.md").string(), markdown_of(comparison));
  write_result((out / "report.html").string(), report_page(read_runs(folders)));
  if (!line.quiet) {
    print_table(comparison);
    std::cout << "wrote comparison.json, comparison.md and report.html in " << out.string() << '\n';
  }
  return 0;
}

}  // namespace

const Subcommand kCompareCommand{
    "compare", "run one network on several accelerators; one table and one page about all of them",
    run_compare, compare_options};

}  // namespace h2
