#pragma once

#include <string>
#include <vector>

#include "platform/config/load.h"

namespace h2 {

/// What the command line asked for.
struct CommandLine {
  std::string command;
  std::string config;
  std::vector<Override> sets;
  std::string out;      ///< folder for results; empty = out/<config name>
  std::string weights;  ///< start weights
  int threads = 1;
  bool quiet = false, dry_run = false, schema = false;
};

/// Each returns the exit code: 0 success, 1 the run failed. Bad input is thrown as InputError.
int run_train(const CommandLine& line);
int run_profile(const CommandLine& line);
int run_config(const CommandLine& line);

}  // namespace h2
