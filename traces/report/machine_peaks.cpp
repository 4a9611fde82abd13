// SPDX-License-Identifier: Apache-2.0
#include "traces/report/machine_peaks.h"

#include <algorithm>

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

/// Of the memories that one job uses at the same time.
double peak_bytes(const ReportRun& run, const Json& engine) {
  const double clock_mhz = run.summary["config"]["clock_mhz"];
  double gbps = 0;
  for (const Json& memory : engine["memories"])
    gbps += run.summary["memory"][memory]["peak_gbps"].get<double>();
  return gbps * 1e3 / clock_mhz;
}

}  // namespace

std::string pass_of(const Json& layer) { return layer.value("pass", layer["engine"]); }

std::string pass_name(const std::string& pass) {
  std::string name = pass;
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string memories_of(const ReportRun& run, const std::string& engine) {
  return run.summary["engines"][engine]["memories_text"];
}

Json rooflines(const ReportRun& run) {
  Json all = Json::array();
  for (const auto& [key, engine] : run.summary["engines"].items()) {
    Json points = Json::array();
    for (const Json& l : run.summary["layers"]) {
      const double bytes = l["bytes"], cycles = l["cycles"], macs = l["executed_macs"];
      if (l["engine"] != key || bytes <= 0 || cycles <= 0 || macs <= 0) continue;
      const std::string name = l["name"], pass = pass_of(l);
      points.push_back({{"layer", pass == key ? name : name + " " + pass_name(pass)},
                        {"macs_per_byte", macs / bytes},
                        {"macs_per_cycle", macs / cycles}});
    }
    all.push_back({{"engine", key},
                   {"title", engine["title"]},
                   {"memories", engine["memories_text"]},
                   {"peak_macs_per_cycle", engine["peak_ops_per_cycle"]},
                   {"peak_bytes_per_cycle", peak_bytes(run, engine)},
                   {"points", points}});
  }
  return all;
}

}  // namespace h2
