// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/mapping_text.h"

#include <cstdlib>
#include <regex>

#include "modules/base/error.h"

namespace h2 {
namespace {

[[noreturn]] void refuse(const std::string& text) {
  throw InputError("cores.mapping: '" + text +
                   "' is no piece of a mapping; legal: auto, balanced, or LAYER CORES with the "
                   "channels to be split evenly (conv2 1-3; fc1 4,7), or LAYER[FIRST-LAST] CORE "
                   "(conv2[0-63] 1)");
}

}  // namespace

MappingItem parse_mapping_item(const std::string& text) {
  static const std::regex form(
      R"(\s*(\w+)(?:\[(\d{1,6})-(\d{1,6})\])?\s+(\d{1,6}(?:[-,]\d{1,6})*)\s*)");
  std::smatch found;
  if (!std::regex_match(text, found, form)) refuse(text);
  MappingItem item;
  item.layer = found[1];
  item.ranged = found[2].matched;
  if (item.ranged) {
    item.first = std::stoi(found[2]);
    item.last = std::stoi(found[3]);
    if (item.last < item.first) refuse(text);
  }
  static const std::regex part(R"((\d+)(?:-(\d+))?(?:,|$))");
  const std::string cores = found[4];
  std::size_t read = 0;
  for (std::sregex_iterator at(cores.begin(), cores.end(), part), end; at != end; ++at) {
    const int first = std::stoi((*at)[1]);
    const int last = (*at)[2].matched ? std::stoi((*at)[2]) : first;
    if (last < first) refuse(text);
    for (int core = first; core <= last; ++core) item.cores.push_back(core);
    read += static_cast<std::size_t>(at->length());
  }
  if (read != cores.size() || (item.ranged && item.cores.size() != 1)) refuse(text);
  return item;
}

}  // namespace h2
