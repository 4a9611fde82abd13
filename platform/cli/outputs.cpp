// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/outputs.h"

#include <exception>
#include <functional>
#include <iostream>
#include <systemc>

#include "modules/base/error.h"
#include "platform/cli/commit.h"
#include "platform/cli/version.h"
#include "platform/host/board_statistics.h"
#include "platform/host/snapshot.h"
#include "traces/record/fst.h"
#include "traces/results/statistics/statistics_files.h"

namespace h2 {

namespace fs = std::filesystem;

namespace {

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
    trace->add_timeline((out / "timeline.json").string(), config.timeline.level, now,
                        config.timeline.max_bytes);
  }
  std::vector<Log::Pattern> patterns;
  for (const auto& text : line.get<std::vector<std::string>>("verbose")) {
    patterns.push_back(parse_verbose(text));
  }
  if (!patterns.empty()) trace->add_log(std::move(patterns), std::cerr, now);
  return trace;
}

int close_trace(Trace& trace) {
  trace.close();
  int code = 0;
  for (const TraceNote& note : trace.notes()) {
    std::cerr << "h2vp: warning: " << note.text << '\n';
    if (note.failed) code = 1;
  }
  return code;
}

std::unique_ptr<TransactionRecorder> make_recorder(const CommandLine& line, HostCpu& host) {
  if (!line.has("record")) return nullptr;
  auto recorder = std::make_unique<TransactionRecorder>(line.get<std::string>("record"));
  host.on_record = [recorder = recorder.get()](const HostAccess& a) { (*recorder)(a); };
  return recorder;
}

int run_to_files(Platform& platform, Trace& trace, TransactionRecorder* recorder) {
  std::exception_ptr failure;
  trace.start();
  try {
    platform.run();
  } catch (const std::exception&) {
    failure = std::current_exception();
  }
  const int traced = close_trace(trace);
  if (recorder != nullptr) recorder->close();
  if (failure) std::rethrow_exception(failure);
  return traced;
}

namespace {

/// Files that exist under their names.
void print_files(const fs::path& out) {
  std::cout << "wrote " << (out / "summary.json").string();
  for (const char* name : {"trace.vcd", "trace.gtkw", "trace.fst", "timeline.json"}) {
    if (fs::exists(out / name)) std::cout << ", " << (out / name).string();
  }
  std::cout << '\n';
}

/// What of the configuration makes results better than the machine could be.
void add_departures(const Config& config, RunRecord& record) {
  if (config.machine.halo != Halo::free) return;
  record.warnings.push_back(
      {"uncharged",
       "dataflow.halo free keeps the rows of neighbouring tiles on chip, for which the global "
       "buffers have no room",
       "dataflow.halo"});
}

void add_notes(const Trace& trace, RunRecord& record) {
  for (const TraceNote& note : trace.notes()) {
    record.warnings.push_back({"trace", note.text, fs::path(note.where).filename().string()});
  }
}

/// 1 if the run was interrupted or a file is missing.
int exit_code(const RunRecord& record, const Trace& trace) {
  int code = record.interrupted ? 1 : 0;
  for (const Warning& w : record.warnings) code = w.kind == "output" ? 1 : code;
  for (const TraceNote& note : trace.notes()) code = note.failed ? 1 : code;
  return code;
}

/// Calls `write`, which writes all results. Where there is no space for them beside the traces, the
/// traces are given up with a warning.
void write_results(const ResultFolder& folder, RunRecord& record,
                   const std::function<void()>& write) {
  try {
    write();
  } catch (const RunError& e) {
    if (!folder.remove_traces()) throw;
    record.warnings.push_back(
        {"output", std::string("the traces are given up for the results: ") + e.what(), "trace"});
    write();
  }
}

}  // namespace

int finish_run(const CommandLine& line, const Config& config, const ResultFolder& folder,
               const Platform& platform, const Trace& trace, const Sampler& sampler,
               const WallClock& wall, RunRecord& record) {
  add_departures(config, record);
  add_notes(trace, record);
  if (record.interrupted) {
    record.warnings.push_back(
        {"interrupted",
         "interrupted; results are those of " + std::to_string(record.sub_batches) + " sub-batches",
         line.command});
  }
  RunInfo info = run_info(config, platform);
  info.version = kVersion;
  info.commit = kCommit;
  info.command = line.text;
  nlohmann::ordered_json summary;
  write_results(folder, record, [&] {
    write_statistics(folder.path(), info, record, board_statistics(info, record, platform),
                     sampler);
    folder.write_weights(config.network, record);
    summary = make_summary(info, record, wall);
    folder.finish(summary);
  });
  for (const Warning& w : record.warnings) {
    std::cerr << "h2vp: " << (w.kind == "interrupted" ? "" : "warning: ") << w.text << '\n';
  }
  if (!line.quiet) {
    std::cout << summary_table(summary);
    print_files(folder.path());
  }
  return exit_code(record, trace);
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
