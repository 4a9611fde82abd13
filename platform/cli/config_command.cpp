// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <nlohmann/json.hpp>

#include "modules/base/error.h"
#include "platform/cli/commands.h"

namespace h2 {
namespace {

void config_options(boost::program_options::options_description_easy_init add) {
  add("schema", "print the JSON Schema of configuration files");
  add("json", "print the configuration as JSON");
}

int run_config(const CommandLine& line) {
  if (line.has("schema")) {
    std::cout << config_schema();
    return 0;
  }
  if (line.config.empty()) throw InputError("h2vp config: no configuration file");
  const Config config = load_config(line.config, line.sets);
  if (line.has("json")) {
    std::cout << config_json(config).dump(2) << '\n';
  } else {
    std::cout << print_config(config);
  }
  return 0;
}

}  // namespace

const Subcommand kConfigCommand{
    "config", "print the whole effective configuration (--schema: its JSON Schema)", run_config,
    config_options, ConfigFile::optional};

}  // namespace h2
