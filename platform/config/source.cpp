// SPDX-License-Identifier: Apache-2.0
#include "platform/config/source.h"

#include "modules/base/error.h"

namespace h2 {

std::string Source::at(const YAML::Mark& mark) const {
  if (!is_file || mark.is_null()) return name;
  return name + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

void fail(const std::string& where, const std::string& path, const std::string& what,
          const std::string& legal) {
  throw InputError(where + ": " + path + ": " + what + "; legal: " + legal);
}

}  // namespace h2
