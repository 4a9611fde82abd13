// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "modules/sata/sata_spec.h"
#include "traces/results/golden/golden_units.h"

namespace h2 {

/// Forward, Backward and Weight Update Engine (ARITHMETIC.md, section 13).
const GoldenUnits& h2learn_units();

/// SATA's array in its three passes (SATA.md, "Signals").
std::unique_ptr<GoldenUnits> sata_units(const SataSpec& array);

}  // namespace h2
