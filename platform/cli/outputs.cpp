#include "platform/cli/outputs.h"

#include <iostream>
#include <systemc>

#include "modules/base/error.h"
#include "platform/cli/commit.h"
#include "platform/cli/version.h"
#include "platform/host/snapshot.h"
#include "traces/record/fst.h"
#include "traces/results/statistics/collect.h"

namespace h2 {

namespace fs = std::filesystem;

namespace {

void print(const std::vector<Warning>& warnings) {
  for (const Warning& w : warnings) {
    std::cerr << "h2vp: " << (w.kind == "interrupted" ? "" : "warning: ") << w.text << '\n';
  }
}

Log::Pattern parse_verbose(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string level = equals == std::string::npos ? "phases" : text.substr(equals + 1);
  const std::string modules = text.substr(0, equals);
  if (modules.empty()) throw InputError("-v " + text + ": expected PATH[=LEVEL]");
  if (level == "phases") return {modules, TraceLevel::phases};
  if (level == "tiles") return {modules, TraceLevel::tiles};
  if (level == "bursts") return {modules, TraceLevel::bursts};
  throw InputError("-v " + text + ": legal levels: phases, tiles, bursts");
}

}  // namespace

void add_trace_options(boost::program_options::options_description_easy_init& add) {
  add("fst", "also trace.fst, the waveform compressed by GTKWave's vcd2fst");
  add("verbose,v", boost::program_options::value<std::vector<std::string>>()->composing(),
      "PATH[=LEVEL]: print messages of the modules PATH, a glob, as top.forward; LEVEL phases "
      "(default), tiles, bursts (repeatable)");
}

std::unique_ptr<Trace> make_trace(const CommandLine& line, const Config& config,
                                  const fs::path& out) {
  const auto now = [] { return sc_core::sc_time_stamp().value(); };
  if (line.has("fst")) {
    if (!config.vcd.enable) throw InputError("--fst: there is no waveform: set trace.vcd.enable");
    require_vcd2fst();
  }
  auto trace = config.vcd.enable
                   ? std::make_unique<Trace>((out / "trace.vcd").string(), config.vcd, now)
                   : std::make_unique<Trace>();
  if (line.has("fst")) trace->add_fst();
  if (config.timeline.enable) {
    trace->add_timeline((out / "timeline.json").string(), config.timeline.level, now);
  }
  std::vector<Log::Pattern> patterns;
  for (const auto& text : line.get<std::vector<std::string>>("verbose")) {
    patterns.push_back(parse_verbose(text));
  }
  if (!patterns.empty()) trace->add_log(std::move(patterns), std::cerr, now);
  return trace;
}

void close_trace(Trace& trace, std::vector<Warning>& warnings) {
  try {
    trace.close();
  } catch (const RunError& e) {
    warnings.push_back({"trace", e.what(), "trace"});
  }
}

int close_trace(Trace& trace) {
  std::vector<Warning> warnings;
  close_trace(trace, warnings);
  print(warnings);
  return warnings.empty() ? 0 : 1;
}

std::unique_ptr<TransactionRecorder> make_recorder(const CommandLine& line, HostCpu& host) {
  if (!line.has("record")) return nullptr;
  auto recorder = std::make_unique<TransactionRecorder>(line.get<std::string>("record"));
  host.on_record = [recorder = recorder.get()](const HostAccess& a) { (*recorder)(a); };
  return recorder;
}

namespace {

/// Files that exist under their names.
void print_files(const fs::path& out) {
  std::cout << "wrote " << (out / "summary.json").string();
  for (const char* name : {"trace.vcd", "trace.fst", "timeline.json"}) {
    if (fs::exists(out / name)) std::cout << ", " << (out / name).string();
  }
  std::cout << '\n';
}

/// The summary with what ran, and what to know of it.
nlohmann::ordered_json with_program(const nlohmann::ordered_json& summary, const CommandLine& line,
                                    const std::vector<Warning>& warnings) {
  nlohmann::ordered_json all{{"schema", summary["schema"]},
                             {"accelerator", "h2learn"},
                             {"version", kVersion},
                             {"commit", kCommit},
                             {"command", line.text}};
  for (const auto& [key, value] : summary.items()) all[key] = value;
  all["warnings"] = nlohmann::ordered_json::array();
  for (const Warning& w : warnings) {
    all["warnings"].push_back({{"kind", w.kind}, {"text", w.text}, {"where", w.where}});
  }
  all["complete"] = true;
  return all;
}

}  // namespace

int finish_run(const CommandLine& line, const Config& config, const ResultFolder& folder,
               const Platform& platform, const Sampler& sampler, const WallClock& wall,
               const RunRecord& record, std::vector<Warning> warnings) {
  if (record.interrupted) {
    warnings.push_back(
        {"interrupted",
         "interrupted; results are those of " + std::to_string(record.sub_batches) + " sub-batches",
         line.command});
  }
  const RunInfo info = run_info(config, platform);
  write_statistics(folder.path(), info, record, board_counters(platform), sampler);
  folder.write_weights(config.network, record);
  const auto summary = with_program(make_summary(info, record, wall), line, warnings);
  folder.finish(summary);
  print(warnings);
  if (!line.quiet) {
    std::cout << summary_table(summary);
    print_files(folder.path());
  }
  return warnings.empty() ? 0 : 1;
}

void fail_run(const Config& config, const ResultFolder& folder, Trace& trace,
              const RunRecord& record, const std::string& error) {
  close_trace(trace);
  try {
    folder.write_weights(config.network, record);
    folder.failed(error);
  } catch (const RunError& e) {
    std::cerr << "h2vp: warning: " << e.what() << '\n';
  }
}

}  // namespace h2
