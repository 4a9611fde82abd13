// SPDX-License-Identifier: Apache-2.0
#include "traces/record/glob.h"

#include <fnmatch.h>

namespace h2 {

bool matches_name(const std::string& pattern, const std::string& full_name) {
  for (std::size_t end = full_name.find('.');; end = full_name.find('.', end + 1)) {
    if (fnmatch(pattern.c_str(), full_name.substr(0, end).c_str(), 0) == 0) return true;
    if (end == std::string::npos) return false;
  }
}

}  // namespace h2
