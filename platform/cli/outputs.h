// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "platform/cli/commands.h"
#include "platform/cli/result_folder.h"
#include "platform/host/player/transaction_recorder.h"
#include "platform/platform.h"
#include "traces/record/trace.h"
#include "traces/results/run_record.h"
#include "traces/results/statistics/sampler.h"
#include "traces/results/summary.h"

namespace h2 {

/// True if the configuration asks for a waveform or a timeline.
inline bool wants_files(const Config& config) {
  return config.vcd.enable || config.timeline.enable;
}
/// Adds -v and --fst to the options of a command that simulates.
void add_trace_options(boost::program_options::options_description_easy_init& add);
/// trace.vcd (with --fst also trace.fst) and timeline.json in the folder, those that are enabled;
/// messages that -v asks for.
std::unique_ptr<Trace> make_trace(const CommandLine& line, const Config& config,
                                  const std::filesystem::path& out);
/// Ends the trace of a command without a summary and prints its notes; 1 if a file is missing.
int close_trace(Trace& trace);
/// Writes what the host does on the bus to the file that --record names; null without it. To be
/// closed after the run.
std::unique_ptr<TransactionRecorder> make_recorder(const CommandLine& line, HostCpu& host);
/// Runs a command without a summary: waveform and recording are complete on disk however it ends.
/// Rethrows what ends the run; otherwise 1 if the waveform could not be written.
int run_to_files(Platform& platform, Trace& trace, TransactionRecorder* recorder);
/// What a run on `platform` leaves in its folder: statistics, weights, and summary.json as the
/// last. Takes the notes of the trace over into the record as warnings, prints them, and unless
/// quiet the table and the files made. Returns the exit code: 1 if the run was interrupted or a
/// file is missing.
int finish_run(const CommandLine& line, const Config& config, const ResultFolder& folder,
               const Platform& platform, const Trace& trace, const Sampler& sampler,
               const WallClock& wall, RunRecord& record);
/// What is left of a run that ended in an error: trace, weights, and what the error was.
void fail_run(const Config& config, const ResultFolder& folder, Trace& trace,
              const RunRecord& record, const std::string& error);

}  // namespace h2
