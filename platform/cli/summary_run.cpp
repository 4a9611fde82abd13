// SPDX-License-Identifier: Apache-2.0
#include "platform/cli/summary_run.h"

#include <iostream>
#include <string>

#include "modules/base/error.h"
#include "modules/network/extensions.h"
#include "platform/cli/commit.h"
#include "platform/cli/messages.h"
#include "platform/cli/outputs.h"
#include "platform/cli/version.h"
#include "platform/host/board_statistics.h"
#include "platform/host/learning_warnings.h"
#include "platform/host/snapshot.h"
#include "traces/results/statistics/sampler.h"
#include "traces/results/statistics/statistics_files.h"

namespace h2 {

namespace fs = std::filesystem;

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
  for (const Layer& l : config.network.layers) {
    for (const std::string& what : extensions_of(l)) {
      record.warnings.push_back(
          {"extension", "extension: " + l.name + " has " + what + ", beyond the paper's hardware",
           l.name});
    }
  }
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
  if (!record.checkpoint.empty()) code = kGoesOn;
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
    // Old and new files do not fit beside each other either.
    folder.begin();
    write();
  }
}

/// Writes statistics and weights. Returns the summary.
nlohmann::ordered_json write_known(const SummaryRun& run, const Sampler& sampler,
                                   const WallClock& wall) {
  RunInfo info = run_info(run.config, run.platform);
  info.version = kVersion;
  info.commit = kCommit;
  info.command = run.line.text;
  run.folder.write_weights(run.config.network, run.record);
  write_statistics(run.folder.path(), info, run.record,
                   board_statistics(info, run.record, run.platform), sampler);
  return make_summary(info, run.record, wall);
}

}  // namespace

int write_run(const SummaryRun& run, const Sampler& sampler, const WallClock& wall) {
  RunRecord& record = run.record;
  record.noc = run.platform.accelerator.noc();
  add_departures(run.config, record);
  if (!record.weights.empty()) {  // a run with data
    for (Warning& w : learning_warnings(run.config, record))
      record.warnings.push_back(std::move(w));
  }
  add_notes(run.trace, record);
  if (record.interrupted) {
    record.warnings.push_back(
        {"interrupted",
         "interrupted; results are those of " + std::to_string(record.sub_batches) +
             " sub-batches" +
             (record.checkpoint.empty() ? "" : "; goes on with --resume " + record.checkpoint),
         run.line.command});
  }
  nlohmann::ordered_json summary;
  write_results(run.folder, record, [&] {
    summary = write_known(run, sampler, wall);
    run.folder.finish(summary);
  });
  for (const Warning& w : record.warnings) {
    print_message((w.kind == "interrupted" ? "" : "warning: ") + w.text);
  }
  if (!run.line.quiet) {
    std::cout << summary_table(summary);
    print_files(run.folder.path());
  }
  return exit_code(record, run.trace);
}

void write_failed(const SummaryRun& run, const Sampler& sampler, const std::string& error) {
  close_trace(run.trace);
  add_notes(run.trace, run.record);
  if (run.record.train_end.engines.empty()) run.record.train_end = take_snapshot(run.platform);
  try {
    run.folder.failed(error, {});
    run.folder.failed(error, write_known(run, sampler, {}));
  } catch (const RunError& e) {
    print_message(std::string("warning: ") + e.what());
  }
}

int run_to_summary(const SummaryRun& run, WallClock wall,
                   const std::function<void()>& close_outputs) {
  const Sampler sampler("sampler", [&] { return take_snapshot(run.platform); });
  run.trace.require_matches();
  run.platform.probes.require_matches();
  run.folder.begin();
  run.trace.start();
  try {
    run.platform.run();
  } catch (const std::exception& e) {
    run.progress.finish();
    write_failed(run, sampler, error_message(e));
    throw;
  }
  run.trace.close();
  run.progress.finish();
  close_outputs();
  wall.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - run.begin).count();
  wall.samples = run.record.samples + run.record.test_samples;
  wall.kernel_seconds = run.platform.kernel_seconds();
  return write_run(run, sampler, wall);
}

}  // namespace h2
