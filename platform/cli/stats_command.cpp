// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "modules/base/error.h"
#include "platform/cli/commands.h"
#include "platform/host/board_statistics.h"
#include "platform/host/snapshot.h"
#include "platform/platform.h"
#include "traces/results/statistics/sampler.h"
#include "traces/results/statistics/statistics.h"
#include "traces/results/statistics/statistics_files.h"

namespace h2 {
namespace {

void stats_options(boost::program_options::options_description_easy_init add) {
  add("describe", "every statistic with unit, meaning and formula");
}

/// A run that has seen every kind of job on a board with every kind of module.
std::vector<StatisticKind> all_kinds() {
  Config config;
  config.probe.enable = true;
  config.network.layers.emplace_back().name = "conv1";
  Trace trace;
  const Platform platform("top", config, {}, trace);
  RunRecord record;
  record.train_end = take_snapshot(platform);
  record.layers[{}].last.layer = config.network.layers.front().name;
  record.densities[0] = {};
  record.cluster.emplace().wait_ps.resize(1);
  return kinds_in(board_statistics(run_info(config, platform), record, platform));
}

int run_stats(const CommandLine& line) {
  if (!line.has("describe")) throw InputError("h2vp stats: nothing to do; legal is --describe");
  std::cout << describe(all_kinds()) << "\nIn stats.json also\n"
            << describe(sample_kinds()) << describe(job_kinds());
  return 0;
}

}  // namespace

const Subcommand kStatsCommand{"stats", "--describe: the meaning of every statistic in stats.json",
                               run_stats, stats_options, ConfigFile::none};

}  // namespace h2
