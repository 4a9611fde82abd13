// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <nlohmann/json.hpp>

#include "memory/dram/traffic.h"
#include "modules/base/error.h"
#include "modules/base/result_file.h"
#include "modules/energy/energy_model.h"
#include "platform/cli/commands.h"
#include "platform/config/energy_table.h"
#include "platform/config/presets.h"

namespace h2 {
namespace {

void traffic_options(boost::program_options::options_description_easy_init add) {
  namespace po = boost::program_options;
  std::string patterns;
  for (const std::string& p : traffic_patterns()) patterns += (patterns.empty() ? "" : " ") + p;
  add("pattern", po::value<std::string>(), patterns.c_str());
  add("queue-depth", po::value<int>(), "requests each requestor keeps outstanding");
  add("requests", po::value<std::uint64_t>(), "64 B requests completed in all");
  add("warmup", po::value<std::uint64_t>(), "first completions that are not measured");
  add("seed", po::value<std::uint64_t>(), "seed of random patterns");
  add("stride", po::value<std::uint64_t>(), "bytes between reads of pattern stride");
  add("memory", po::value<std::string>(),
      "mem0, mem1 or mem2 (they are alike); not with organisation unified");
  add("idle-latency", "measure closed, hit and conflict latency of an idle channel instead");
  add("json", po::value<std::string>(), "also write the result to this file");
}

TrafficSpec spec_of(const CommandLine& line) {
  TrafficSpec t;
  t.pattern = line.get("pattern", t.pattern);
  t.queue_depth = line.get("queue-depth", t.queue_depth);
  t.requests = line.get("requests", t.requests);
  t.warmup = line.get("warmup", t.warmup);
  t.seed = line.get("seed", t.seed);
  t.stride = line.get("stride", t.stride);
  return t;
}

void write_json(const std::string& path, const nlohmann::json& result) {
  require_folder_of(path);
  write_result(path, result.dump(2) + "\n");
}

/// What the device did in the time that was measured, requests under way included, and its joules;
/// null for a memory without a price.
nlohmann::json energy_of(const Config& config, const TrafficResult& r) {
  const DramCosts costs = price_dram(config.memory.ideal ? kIdealPreset : config.memory.dram.preset,
                                     load_cost_table(config.energy));
  if (!costs.known) return nullptr;
  constexpr std::uint64_t kLineBytes = 64;
  const std::uint64_t read = r.device_reads * kLineBytes, written = r.device_writes * kLineBytes;
  const double joules = dram_joules(costs, {r.activates, read, written});
  const double bits = 8.0 * static_cast<double>(read + written);
  return {{"activates", r.activates},
          {"read_bytes", read},
          {"write_bytes", written},
          {"total_j", joules},
          {"pj_per_bit", bits > 0 ? joules * 1e12 / bits : 0.0}};
}

int run_traffic_command(const CommandLine& line) {
  const auto memory = line.get<std::string>("memory", "mem0");
  if (memory != "mem0" && memory != "mem1" && memory != "mem2") {
    throw InputError("--memory " + memory + ": legal are mem0, mem1, mem2");
  }
  const Config config = load_config(line.config, line.sets);
  const bool unified = config.memory.organisation == MemoryOrganisation::unified;
  if (unified && line.has("memory")) {
    throw InputError("--memory " + memory +
                     ": memory.organisation is unified, there is one memory only");
  }
  const MemorySpec memory_spec = unified ? unified_memory(config.memory) : config.memory;
  const TrafficSpec traffic = spec_of(line);
  nlohmann::json result;
  if (line.has("idle-latency")) {
    result["idle_latency_ns"] = measure_idle_latency(memory_spec);
  } else {
    const TrafficResult measured = run_traffic(memory_spec, traffic);
    result = measured;
    result["energy"] = energy_of(config, measured);
    result["queue_depth"] = traffic.queue_depth;
    result["requests"] = traffic.requests;
  }
  result["memory"] = unified ? "unified" : memory;
  result["preset"] = config.memory.ideal ? "ideal" : config.memory.dram.preset;
  if (!line.quiet) std::cout << result.dump(2) << '\n';
  if (line.has("json")) write_json(line.get<std::string>("json"), result);
  return 0;
}

}  // namespace

const Subcommand kTrafficCommand{"traffic",
                                 "load one MemN with synthetic requests: bandwidth and latency",
                                 run_traffic_command, traffic_options};

}  // namespace h2
