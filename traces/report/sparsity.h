// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "traces/report/run_files.h"

namespace h2 {

/// Zeros in the backward pass, in the terms of the paper's Table III, where column l is convolution
/// l: output sparsity = 1 - density of its mask, input sparsity = 1 - density of grad-u one layer
/// above. {network, layers[]}: network names the paper's network that the run has (null: none of
/// them), a layer has `layer` and, where known,
///   paper_output, paper_input            Table III
///   configured_output, configured_input  densities a profile draws its masks from
///   measured_output, measured_input      statistics of the run
///   backward_work                        executed over dense MACs of the pass into this layer
nlohmann::ordered_json sparsity(const ReportRun& run);

}  // namespace h2
