// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "platform/board_counts.h"
#include "platform/data/dataset.h"
#include "platform/host/training_state.h"
#include "traces/results/run_record.h"
#include "traces/results/statistics/sampler.h"

namespace h2 {

/// All that a run needs to go on behind a batch group as if it had not been interrupted.
struct RunState {
  TrainingState training;
  RunRecord record;
  BoardCounts board;
  SamplerState samples;
};

/// What a checkpoint belongs to. Another one is refused.
struct RunIdentity {
  std::string program;    ///< version
  nlohmann::json config;  ///< without what changes no result
  std::string data;       ///< fingerprint of samples and labels
};
RunIdentity identity_of(const std::string& program, const Config& config, const LoadedData& data);

/// Batch groups that the run has gone through; checkpoints are numbered by them.
std::uint64_t groups_of(const RunState& state);

/// Writes `<folder>/checkpoint-<groups>.h2ck`, on disk when this returns, under its name only if it
/// is whole; then removes all but the `keep` newest. Returns its path. Throws RunError when it
/// cannot be written.
std::filesystem::path write_checkpoint(const std::filesystem::path& folder, int keep,
                                       const RunIdentity& identity, const RunState& state);

bool holds_checkpoints(const std::filesystem::path& folder);
/// The newest checkpoint in a folder or in the folder `checkpoints` there, or `path` itself if it
/// is a file. Throws InputError if there is none.
std::filesystem::path find_checkpoint(const std::filesystem::path& path);
/// Throws InputError that says why, for a file that is no checkpoint, of another format or program,
/// damaged, or of another configuration or data set.
RunState read_checkpoint(const std::filesystem::path& file, const RunIdentity& identity);
/// Throws InputError that names `path` unless the state is one of this network: as many layers and
/// weights, and no number that says where to look is outside.
void require_fits(const RunState& state, const Config& config, const std::string& path);

/// State as JSON with binary parts, and back. Throws nlohmann::json::exception or std::out_of_range
/// for what is no state.
nlohmann::json to_document(const RunState& state);
RunState from_document(const nlohmann::json& document);

/// Counters as bytes, for another process of the same program, and back.
std::string to_bytes(const CardCounts& counts);
CardCounts counts_from(const std::string& bytes);

}  // namespace h2
