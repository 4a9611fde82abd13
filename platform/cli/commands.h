// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/cli/command_line.h"

namespace h2 {

extern const Subcommand kTrainCommand, kInferCommand, kProfileCommand, kTrafficCommand,
    kConfigCommand, kServeCommand, kPlayCommand, kFirmwareCommand, kRegsCommand, kStatsCommand,
    kReportCommand, kSweepCommand, kDiffCommand, kExperimentCommand, kCompareCommand,
    kInferSpikesCommand, kConvertCommand, kCheckCommand, kDataCommand, kImportCommand,
    kExportCommand;

}  // namespace h2
