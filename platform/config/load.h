// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "platform/config/config.h"

namespace h2 {

/// `--set path=value`; the value is read as YAML, so lists and maps of keys work.
struct Override {
  std::string path, value;
  bool shared = false;  ///< given for several runs, of which some may not use the key
};

/// The overrides as given for several runs.
std::vector<Override> shared(std::vector<Override> sets);

/// Reads `file`, the files it includes and then `sets`, and validates the result. In every layer
/// (an included file, the file, all overrides together) memory.preset is applied before the other
/// keys; it replaces the memory.dram values of the layers below. Later layers win. A key that has
/// no effect with the values of others is refused, unless a later layer gave those, or it is
/// shared: then it gets its default. Throws InputError: "file:line:column: key.path: what is wrong;
/// legal: ...".
Config load_config(const std::string& file, const std::vector<Override>& sets);

/// Effective configuration as YAML: every key with its value and a comment. Loads again to the same
/// Config. The two path keys are printed as given, nothing else depends on the machine.
std::string print_config(const Config& config);

/// The same keys and values, nested, for reports. An absolute path is cut to its last component.
nlohmann::json config_json(const Config& config);

/// JSON Schema of one key's value.
struct Key;
nlohmann::ordered_json value_schema(const Key& key);

/// JSON Schema (draft 2020-12) of a configuration file, indented by two spaces.
std::string config_schema();

/// What training needs and a profile does not: an FC layer last, as many neurons as dataset.kind
/// has classes, the input shape and the kind of first layer that fit it, and a dataset.path.
/// Throws InputError that names the key.
void require_trainable(const Config& config);
/// Throws InputError for an accelerator that does not train.
void require_training_accelerator(const Config& config);

}  // namespace h2
