// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "platform/config/config.h"

namespace h2 {

/// Where each key was given last, for messages: path -> (order, place). Keys left at their default
/// are absent.
struct Origins {
  std::string file;
  std::map<std::string, std::pair<int, std::string>> given;

  /// Place of the key among `paths` that was given last; the file if all are defaults.
  std::string latest(const std::vector<std::string>& paths) const;
};

/// Rules between keys. `config.network` is already parsed. Throws InputError that names the keys
/// and their values.
void validate(const Config& config, const Origins& origins);

}  // namespace h2
