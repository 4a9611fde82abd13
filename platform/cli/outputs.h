#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "platform/cli/commands.h"
#include "platform/host/player/transaction_recorder.h"
#include "traces/record/trace.h"
#include "traces/results/run_record.h"

namespace h2 {

/// --out, or out/<config name>; created if missing.
std::filesystem::path make_output_folder(const CommandLine& line, const Config& config);
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
/// Writes what the host does on the bus to the file that --record names; null without it. To be
/// closed after the run.
std::unique_ptr<TransactionRecorder> make_recorder(const CommandLine& line, HostCpu& host);
/// Writes summary.json; prints the table and the files made unless quiet.
void finish_run(const CommandLine& line, const Config& config, const std::filesystem::path& out,
                const nlohmann::ordered_json& summary);

/// 1, and a line that says so, if the run was interrupted.
int exit_code(const RunRecord& record);

}  // namespace h2
