// SPDX-License-Identifier: Apache-2.0
/* Outputs that are values in place of spikes, those of networks of ReLU and of a read-out: for the
 * driver's own sources. */
#ifndef H2_VALUES_H
#define H2_VALUES_H

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the loaded network's outputs are values. */
int h2_gives_values(const h2_device* device);
/* Values per sample and class that the forward pass left in memory `memory`, their means over the
 * timesteps, at the start of the scratch buffer. */
int h2_read_outputs(h2_device* device, uint32_t memory, uint32_t samples, const float** outputs);
/* The class with the largest value, ties to the lowest index. */
uint32_t h2_largest(const float* outputs, uint32_t classes);

/* Loss of one sample from its outputs, and its gradient for a mean over `samples` samples, times
 * `scale`: mean squared error against 1 for the label and 0 for others, or cross-entropy. -1, and
 * no gradient, unless `label` is below `classes` and `samples` is above 0. */
double h2_value_loss(uint32_t loss, const float* outputs, uint32_t classes, uint32_t label,
                     uint32_t samples, float scale, float* gradient);

#ifdef __cplusplus
}
#endif
#endif
