// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "platform/cli/commands.h"
#include "platform/host/player/transaction_recorder.h"
#include "platform/platform.h"
#include "traces/record/trace.h"

namespace h2 {

/// True if the configuration asks for a waveform or a timeline.
inline bool wants_files(const Config& config) {
  return config.vcd.enable || config.timeline.enable;
}
/// Adds -v and --fst to the options of a command that simulates.
void add_trace_options(boost::program_options::options_description_easy_init& add);
/// Adds --max-output, for commands whose guest decides how much is written.
void add_limit_options(boost::program_options::options_description_easy_init& add);
/// Bytes of --max-output. Throws InputError.
std::uint64_t max_output(const CommandLine& line);
/// No file of this process grows beyond max_output(): writing to it fails then as on a full disk.
void limit_files(const CommandLine& line);
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

}  // namespace h2
