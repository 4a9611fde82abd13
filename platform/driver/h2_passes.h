// SPDX-License-Identifier: Apache-2.0
/* The parts of a training, for the driver's own sources. */
#ifndef H2_PASSES_H
#define H2_PASSES_H

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

h2_descriptor h2_describe(const h2_device* device, uint8_t opcode, uint32_t memory,
                          uint32_t samples);
/* The memory of the next sub-batch: Mem0 and Mem1 by turns, where there are both. */
uint32_t h2_next_memory(h2_device* device);
int h2_write_input(h2_device* device, const h2_sub_batch* batch, uint32_t memory);
/* A network that does not end in one position per class (timing runs) gets no loss gradient. */
int h2_has_classes(const h2_device* device);
/* Spike counts per sample and class, at the start of the scratch buffer. */
int h2_read_counts(h2_device* device, uint32_t memory, uint32_t samples, uint32_t** counts);
/* The class that fires most, ties to the lowest index. */
uint32_t h2_most_spikes(const uint32_t* counts, uint32_t classes);
/* grad-s of the last layer, the same at every timestep: [block of 16][t][sample][class]. `values`
 * is where it is put together. */
int h2_write_gradient(h2_device* device, const float* gradients, uint32_t samples, uint32_t memory,
                      uint8_t* values);
/* Submit, and give the tags to wait for. */
int h2_start_backward(h2_device* device, uint32_t memory, uint32_t samples, uint32_t flags,
                      uint32_t* backward, uint32_t* weight);
int h2_start_update(h2_device* device, uint32_t* tag);

#ifdef __cplusplus
}
#endif
#endif
