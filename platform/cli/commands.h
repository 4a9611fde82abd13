#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "memory/dram/traffic.h"
#include "platform/config/load.h"

namespace h2 {

/// What the command line asked for.
struct CommandLine {
  std::string command;
  std::string config;
  std::vector<Override> sets;
  std::string out;      ///< folder for results; empty = out/<config name>
  std::string weights;  ///< start weights
  std::string golden;   ///< train: folder for tensors
  std::set<std::uint64_t> golden_sub_batches{0};
  int threads = 1;
  bool quiet = false, dry_run = false, schema = false;
  TrafficSpec traffic;
  std::string memory = "mem0";  ///< traffic: which MemN
  std::string json;             ///< traffic: result file
  bool idle_latency = false;
};

/// Each returns the exit code: 0 success, 1 the run failed. Bad input is thrown as InputError.
int run_train(const CommandLine& line);
int run_profile(const CommandLine& line);
int run_traffic_command(const CommandLine& line);
int run_config(const CommandLine& line);

}  // namespace h2
