// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/experiment/experiment.h"

namespace h2 {

/// Adds STT-RAM against SRAM, both on the events of one run's inference.
void add_cell_band(ExperimentResult& result, const RunOutcome& run);
/// The inference in the summary's list of layers.
const nlohmann::ordered_json& spinaps_layer(const RunOutcome& run);

}  // namespace h2
