// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "platform/config/load.h"

namespace h2 {

/// What the command line asked for: what every command has, and the values of its own options.
struct CommandLine {
  std::string command;
  /// As typed, without --out, --threads and --quiet, which change no result, and without the
  /// folders of absolute paths.
  std::string text;
  std::string config;              ///< path; empty where a command does without
  std::vector<std::string> files;  ///< positional arguments behind the configuration
  std::vector<Override> sets;
  std::string out;  ///< folder for results; empty = out/<config name>
  int threads = 1;
  bool quiet = false;
  boost::program_options::variables_map values;

  bool has(const char* option) const { return values.count(option) != 0; }
  /// The option's value, `otherwise` where it was not given.
  template <class T>
  T get(const char* option, T otherwise = T{}) const {
    return has(option) ? values[option].as<T>() : otherwise;
  }
};

/// Whether a command's first positional argument is a configuration.
enum class ConfigFile { required, optional, none };

/// One command of h2vp.
struct Subcommand {
  const char* name;
  const char* text;
  /// Exit code: 0 success, 1 the run failed. Bad input is thrown as InputError.
  int (*run)(const CommandLine&);
  /// Adds the command's own options; may be null.
  void (*options)(boost::program_options::options_description_easy_init) = nullptr;
  ConfigFile config_file = ConfigFile::required;
  const char* files = "";  ///< usage text of further positional arguments
};

/// Help over all commands.
std::string usage(const std::vector<Subcommand>& commands);
/// Finds the command, parses its options and runs it. Throws InputError, or
/// boost::program_options::error, which name what is wrong.
int run_command(const std::vector<Subcommand>& commands, int argc, char** argv);

}  // namespace h2
