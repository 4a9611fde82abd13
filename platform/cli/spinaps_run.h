// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/cli/command_line.h"
#include "platform/config/config.h"

namespace h2 {

/// `h2vp train` and `h2vp infer` of a configuration with accelerator spinaps: training on the host,
/// then (or from given weights) programming and inference of the test set on the card.
int train_spinaps(const CommandLine& line, const Config& config);
int infer_spinaps(const CommandLine& line, const Config& config);

}  // namespace h2
