// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

#include "platform/cli/command_line.h"
#include "traces/results/run_record.h"

namespace h2 {

/// --out, or out/<config name>; created if missing, and kept for this process. Throws InputError.
std::filesystem::path make_output_folder(const CommandLine& line, const Config& config);
/// The same for a process that writes nothing there, beside one that does.
std::filesystem::path shared_output_folder(const CommandLine& line, const Config& config);

/// The results of one run in their folder. While there is no summary.json they are not complete;
/// `summary.json.partial` says so from begin() on.
class ResultFolder {
 public:
  ResultFolder(const CommandLine& line, std::filesystem::path folder)
      : command_(line.text), folder_(std::move(folder)) {}

  /// Removes the results of an earlier run, and what it left unfinished. What the platform did not
  /// write stays. Throws RunError when the folder cannot be written.
  void begin() const;
  /// `weights/<layer>.w.npy` as the card holds them, and the FP32 masters, if the record has them,
  /// as `weights/masters/<layer>.w.npy`.
  void write_weights(const Network& network, const RunRecord& record) const;
  /// summary.json, after everything else.
  void finish(const nlohmann::ordered_json& summary) const;
  /// Removes waveform and timeline; false if there are none.
  bool remove_traces() const;
  /// For a run that ended in an error, which `summary.json.partial` then names beside what is known
  /// of the run.
  void failed(const std::string& error, const nlohmann::ordered_json& summary) const;

  const std::filesystem::path& path() const { return folder_; }

 private:
  void mark(const nlohmann::ordered_json& status) const;

  std::string command_;
  std::filesystem::path folder_;
};

}  // namespace h2
