#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "platform/cli/commands.h"
#include "traces/trace.h"

namespace h2 {

/// --out, or out/<config name>; created if missing.
std::filesystem::path make_output_folder(const CommandLine& line, const Config& config);
/// trace.vcd in the folder if trace.vcd.enable.
std::unique_ptr<Trace> make_trace(const Config& config, const std::filesystem::path& out);
/// Writes summary.json; prints the table and the files made unless quiet.
void finish_run(const CommandLine& line, const Config& config, const std::filesystem::path& out,
                const nlohmann::ordered_json& summary);

}  // namespace h2
