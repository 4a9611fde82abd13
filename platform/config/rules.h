// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "modules/base/error.h"
#include "platform/config/keys.h"
#include "platform/config/validate.h"

namespace h2 {

using Paths = std::vector<std::string>;

/// Rules between keys of a configuration; the first that is broken is reported.
class Rules {
 public:
  Rules(const Config& config, const Origins& origins) : config_(config), origins_(origins) {}

  /// Throws InputError unless the rule holds: with the place of the latest of the keys, the first
  /// of which is blamed, and what is legal.
  void require(bool holds, const Paths& paths, const std::string& legal) const {
    if (holds) return;
    std::string others;
    for (std::size_t i = 1; i < paths.size(); ++i) {
      others += (i == 1 ? " contradicts " : ", ") + paths[i] + " = " + value(paths[i]);
    }
    throw InputError(origins_.latest(paths) + ": " + paths[0] + ": " + value(paths[0]) +
                     (others.empty() ? " is illegal" : others) + "; legal: " + legal);
  }

 private:
  std::string value(const std::string& path) const {
    return find_key(path)->get(config_).dump(-1, ' ', false,
                                             nlohmann::json::error_handler_t::replace);
  }

  const Config& config_;
  const Origins& origins_;
};

/// What the accelerator of the configuration does not do, or has no room for.
void check_accelerator(const Config& config, const Origins& origins, const Rules& rules);
/// Several cards, parts of a batch group, federated rounds.
void check_cluster(const Config& config, const Rules& rules);

}  // namespace h2
