#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "modules/error.h"
#include "platform/cli/commands.h"

namespace h2 {

int run_traffic_command(const CommandLine& line) {
  if (line.memory != "mem0" && line.memory != "mem1" && line.memory != "mem2") {
    throw InputError("--memory " + line.memory + ": legal are mem0, mem1, mem2");
  }
  const Config config = load_config(line.config, line.sets);
  nlohmann::json result;
  if (line.idle_latency) {
    result["idle_latency_ns"] = measure_idle_latency(config.memory);
  } else {
    result = run_traffic(config.memory, line.traffic);
    result["queue_depth"] = line.traffic.queue_depth;
    result["requests"] = line.traffic.requests;
  }
  result["memory"] = line.memory;
  result["preset"] = config.memory.ideal ? "ideal" : config.memory.dram.preset;
  if (!line.quiet) std::cout << result.dump(2) << '\n';
  if (line.json.empty()) return 0;
  std::ofstream file(line.json);
  file << result.dump(2) << '\n';
  file.close();
  if (!file) throw InputError("--json " + line.json + ": cannot be written");
  return 0;
}

}  // namespace h2
