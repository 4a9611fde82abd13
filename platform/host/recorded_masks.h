// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/h2learn/job_context.h"
#include "platform/config/config.h"

namespace h2 {

/// Real masks of a training run from the folder profile.masks (written by `train --golden`): mask,
/// grad_u and s of every layer and the input of the first; the recorded sub-batches are used in
/// turn. Reads all of them at once. Throws InputError naming the file that is missing, damaged or
/// of another shape.
MaskFactory recorded_masks(const Config& config);

}  // namespace h2
