// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "platform/cli/progress.h"
#include "platform/cli/result_folder.h"
#include "platform/platform.h"
#include "traces/record/trace.h"
#include "traces/results/run_record.h"
#include "traces/results/statistics/sampler.h"
#include "traces/results/summary.h"

namespace h2 {

/// A run that ends in a summary, `train` or `profile`: what the command has made for it.
struct SummaryRun {
  const CommandLine& line;
  const Config& config;
  const ResultFolder& folder;
  Platform& platform;
  Trace& trace;
  Progress& progress;
  RunRecord& record;
  std::chrono::steady_clock::time_point begin;  ///< of the command
};

/// Exit code of a run that has ended early to make room and left a checkpoint to go on from:
/// EX_TEMPFAIL of sysexits.h, by which schedulers know a job that is to be started again.
constexpr int kGoesOn = 75;

/// Writes what the run leaves in its folder and prints what run_to_summary() prints. The notes of
/// the trace become warnings of the record. Returns the exit code.
int write_run(const SummaryRun& run, const Sampler& sampler, const WallClock& wall);
/// Writes what is left of a run that ended in an error: trace, weights, statistics, what is known
/// of the run, and what the error was.
void write_failed(const SummaryRun& run, const Sampler& sampler, const std::string& error);

/// Runs the program of the platform's host and leaves statistics, weights and, as the last,
/// summary.json in the folder. `close_outputs` is called once the simulation has ended, `wall`
/// holds what was measured before it. Prints warnings, and unless quiet the table and the files
/// made. Returns the exit code: 1 if the run was interrupted or a file is missing. An error that
/// ends the simulation is thrown on, after trace, weights and its text are in the folder.
int run_to_summary(
    const SummaryRun& run, WallClock wall, const std::function<void()>& close_outputs = [] {});

}  // namespace h2
