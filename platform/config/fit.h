// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "modules/sata/buffer_plan.h"
#include "platform/config/config.h"
#include "platform/config/validate.h"
#include "platform/driver/h2_driver.h"

// Whether a network fits the machine of its configuration.

namespace h2 {

/// Memories beside the accelerator: 3, or 1 that the driver puts every tensor in.
int memory_count(const Config& config);
/// What decides about SATA's buffers.
SataSizes sata_sizes(const Config& config);
/// Throws InputError where what an engine works on at a time does not fit its buffers.
void require_tiles_fit(const Config& config);
/// A driver that has placed the configured network on a card that takes every access. Throws
/// InputError where the network does not fit memory.bytes.
h2_device place_network(const Config& config);

/// Both for accelerators that train, as the last check of a configuration that is read. The message
/// begins with the place of the key among those that decide which was given last.
void check_fit(const Config& config, const Origins& origins);

}  // namespace h2
