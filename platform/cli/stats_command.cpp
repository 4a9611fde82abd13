#include <iostream>

#include "modules/base/error.h"
#include "platform/cli/commands.h"
#include "traces/results/statistics/statistics.h"

namespace h2 {
namespace {

void options(boost::program_options::options_description_easy_init add) {
  add("describe", "every statistic with unit, meaning and formula");
}

int run_stats(const CommandLine& line) {
  if (!line.has("describe")) throw InputError("h2vp stats: nothing to do; legal is --describe");
  std::cout << describe_statistics();
  return 0;
}

}  // namespace

const Command kStatsCommand{"stats", "--describe: the meaning of every statistic in stats.json",
                            run_stats, options, ConfigFile::none};

}  // namespace h2
