#include "traces/report/machine_peaks.h"

#include "modules/h2learn/peak.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

const char* const kKeys[] = {"forward", "backward", "weight_update"};
const char* const kTitles[] = {"Forward Engine", "Backward Engine", "Weight Update Engine"};

bool unified(const ReportRun& run) {
  return run.summary["config"]["memory"]["organisation"] == "unified";
}

template <class Spec>
double spike_peak(const Json& engine) {
  Spec spec;
  spec.rows = engine["rows"];
  spec.cols = engine["cols"];
  spec.sub_luts = engine["sub_luts"];
  spec.sub_lut_inputs = engine["sub_lut_inputs"];
  spec.parallelism = engine["parallelism"];
  return spike_operations(spec);
}

double peak_macs(const Json& engines, int engine) {
  const Json& spec = engines[kKeys[engine]];
  if (engine == 0) return spike_peak<ForwardSpec>(spec);
  if (engine == 2) return spike_peak<WeightUpdateSpec>(spec);
  return spec["rows"].get<double>() * spec["cols"].get<double>() * spec["group"].get<double>();
}

/// A sub-batch's operands lie in one memory; the weight gradients beside them in a second.
double peak_bytes(const ReportRun& run, int engine) {
  const double clock_mhz = run.summary["config"]["clock_mhz"];
  const Json& memory = run.summary["memory"];
  if (memory.empty()) return 0;
  double gbps = memory.front()["peak_gbps"];
  if (engine == 2 && !unified(run)) gbps += memory.back()["peak_gbps"].get<double>();
  return gbps * 1e3 / clock_mhz;
}

}  // namespace

int engine_index(const std::string& key) {
  for (int e = 0; e < 3; ++e) {
    if (key == kKeys[e]) return e;
  }
  return -1;
}

const char* engine_title(int engine) { return kTitles[engine]; }

std::string memories_of(const ReportRun& run, int engine) {
  if (unified(run)) return "the memory";
  return engine == 2 ? "Mem2 and one of Mem0 and Mem1" : "Mem0 and Mem1 (by turns)";
}

Json rooflines(const ReportRun& run) {
  Json all = Json::array();
  for (int e = 0; e < 3; ++e) {
    Json points = Json::array();
    for (const Json& l : run.summary["layers"]) {
      const double bytes = l["bytes"], cycles = l["cycles"], macs = l["executed_macs"];
      if (l["engine"] != kKeys[e] || bytes <= 0 || cycles <= 0 || macs <= 0) continue;
      points.push_back({{"layer", l["name"]},
                        {"macs_per_byte", macs / bytes},
                        {"macs_per_cycle", macs / cycles}});
    }
    all.push_back({{"engine", kKeys[e]},
                   {"title", kTitles[e]},
                   {"memories", memories_of(run, e)},
                   {"peak_macs_per_cycle", peak_macs(run.summary["config"]["engines"], e)},
                   {"peak_bytes_per_cycle", peak_bytes(run, e)},
                   {"points", points}});
  }
  return all;
}

}  // namespace h2
