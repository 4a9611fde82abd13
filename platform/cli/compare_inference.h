// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "platform/cli/command_line.h"

namespace h2 {

/// One accelerator of a comparison.
struct ComparedRun {
  std::string name;
  std::filesystem::path config;  ///< the network of the command line on this accelerator
  std::filesystem::path folder;  ///< of its results
};

/// What is run on each: train; profile with --profile; infer where one of them only infers, or with
/// --weights. Throws InputError where the accelerators have different networks, where
/// one that only infers is asked for --profile, or cannot run the network.
std::string compared_command(const CommandLine& line, const std::vector<ComparedRun>& machines);

/// The folder of the weights that all infer with: --weights, or that of a training of CONFIG in
/// `out`/training. `run`: a command in a process of its own. Empty if it fails; `code`: why.
std::string compared_weights(const CommandLine& line, const std::filesystem::path& out,
                             const std::function<int(const CommandLine&)>& run, int& code);

/// Hands `--weights` to a command.
void set_weights(CommandLine& line, const std::string& folder);

}  // namespace h2
