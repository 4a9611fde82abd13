// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/engines.h"

namespace h2 {

std::vector<EngineInfo> sata_engines(const SataSpec& array) {
  return {{"array", "SATA array", static_cast<double>(array.pes()), {"mem"}, "the memory"}};
}

}  // namespace h2
