// SPDX-License-Identifier: Apache-2.0
#include "traces/results/statistics/statistics_files.h"

#include <iterator>
#include <string>
#include <vector>

#include "modules/base/result_file.h"
#include "traces/results/statistics/run_statistics.h"
#include "traces/results/statistics/statistics.h"

namespace h2 {
namespace {

using Json = nlohmann::ordered_json;

Json jobs_json(const RunInfo& info, const RunRecord& r) {
  const char* const phases[] = {"", "forward", "backward", "weight_gradient", "update"};
  Json jobs = Json::array();
  for (const LayerRecord& record : r.jobs) {
    const JobRecord& j = record.job;
    jobs.push_back({{"engine", info.engines[record.engine].key},
                    {"layer", j.layer},
                    {"sub_batch", record.sub_batch},
                    {"phase", record.opcode < std::size(phases) ? phases[record.opcode] : ""},
                    {"start_cycle", j.start_cycle},
                    {"end_cycle", j.start_cycle + j.cycles}});
  }
  return jobs;
}

Json tests_json(const RunRecord& r) {
  Json tests = Json::array();
  for (const CycleSpan& s : r.test_spans) {
    tests.push_back({{"start_cycle", s.begin}, {"end_cycle", s.end}});
  }
  return tests;
}

}  // namespace

std::vector<StatisticKind> job_kinds() {
  return {
      {"jobs.engine", "name", "the engine of one of the last 512 jobs", "key in summary.json"},
      {"jobs.layer", "name", "the layer that owns its weights", "name in summary.json"},
      {"jobs.sub_batch", "1", "the sub-batch it belongs to",
       "counted from 0 as forward descriptors are read, tests included"},
      {"jobs.phase", "name", "forward, backward, weight_gradient or update",
       "opcode of its descriptor"},
      {"jobs.start_cycle", "cycles", "core cycle at which the engine takes the job",
       "time since the start of the simulation / core period"},
      {"jobs.end_cycle", "cycles", "core cycle of the last response to one of its stores",
       "time since the start of the simulation / core period"},
      {"tests.start_cycle", "cycles", "core cycle at which a test of the test set begins",
       "time since the start of the simulation / core period"},
      {"tests.end_cycle", "cycles", "core cycle at which its last result has been read",
       "time since the start of the simulation / core period"},
  };
}

void write_statistics(const std::filesystem::path& folder, const RunInfo& info,
                      const RunRecord& record, const StatGroup& root, const Sampler& sampler) {
  const Statistics s(root);
  std::vector<StatisticKind> fields = sample_kinds();
  for (const StatisticKind& kind : job_kinds()) fields.push_back(kind);
  const Json all{{"schema", 1},
                 {"items", s.json()},
                 {"samples", sampler.json(info)},
                 {"jobs", jobs_json(info, record)},
                 {"tests", tests_json(record)},
                 {"fields", describe_json(fields)}};
  write_result((folder / "stats.json").string(), all.dump(1) + "\n");
  write_result((folder / "stats.csv").string(), s.csv());
  std::vector<std::vector<std::string>> layers;
  for (const auto& [key, cost] : record.layers) {
    layers.push_back(layer_names(cost, info));
  }
  write_result((folder / "layers.csv").string(), s.table("layer.<layer>.<engine>.", layers));
}

}  // namespace h2
