// SPDX-License-Identifier: Apache-2.0
/* The card's memories, for the driver's own sources. */
#ifndef H2_CARD_H
#define H2_CARD_H

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline uint64_t h2_memory(const h2_device* device, uint32_t n) {
  return device->memories + (device->memory_count == 1 ? 0 : n) * H2_MEM_STRIDE;
}

/* Memories that hold a sub-batch and a copy of the weights. */
static inline uint32_t h2_sub_batch_memories(const h2_device* device) {
  return device->memory_count == 1 ? 1 : 2;
}

/* Finds the card with identification `id`; `wrong`: why another one is refused. */
int h2_open_as(h2_device* device, const h2_bus* bus, uint32_t card, void* scratch,
               size_t scratch_bytes, uint32_t id, const char* wrong);

/* Opens and locks the card's windows on the memory that the network uses. */
int h2_open_windows(h2_device* device);

#ifdef __cplusplus
}
#endif
#endif
