// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "platform/cli/command_line.h"

namespace h2 {

/// A bash script that completes commands, options, configuration files and the keys of --set.
/// `common` are the options that every command has.
std::string bash_completion(const std::vector<Subcommand>& commands,
                            const boost::program_options::options_description& common);

}  // namespace h2
