// SPDX-License-Identifier: Apache-2.0
/* The smallest network that the card takes, for programs that need any: one fully connected layer
 * of 16 inputs and 4 outputs, spikes as input, two timesteps. */
#ifndef H2_TINY_NETWORK_H
#define H2_TINY_NETWORK_H

#include "platform/driver/h2_driver.h"

enum { TINY_STEPS = 2, TINY_INPUTS = 16, TINY_OUTPUTS = 4 };

extern const h2_layer tiny_layer;
/* Its parameters, for sub-batches of `sub_batch` samples. */
h2_table tiny_table(uint32_t sub_batch);

#endif
