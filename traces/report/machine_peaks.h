// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "traces/report/run_files.h"

namespace h2 {

/// What a row of layers[] is about: "forward", "backward", "weight_update", or the engine's key in
/// runs of older versions.
std::string pass_of(const nlohmann::ordered_json& layer);
/// "weight update": what the jobs of a pass are called in a sentence.
std::string pass_name(const std::string& pass);
/// The memories that an engine's operands and results lie in, in words: "Mem0 and Mem1 (by turns)".
std::string memories_of(const ReportRun& run, const std::string& engine);

/// Per engine {engine, title, memories, peak_macs_per_cycle, peak_bytes_per_cycle, points[]}: what
/// array and memories can do at most and, per layer, {layer, macs_per_byte, macs_per_cycle}.
nlohmann::ordered_json rooflines(const ReportRun& run);

}  // namespace h2
