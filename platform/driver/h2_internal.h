/* Shared by the driver's sources. */
#ifndef H2_INTERNAL_H
#define H2_INTERNAL_H

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline uint64_t h2_memory(const h2_device* device, uint32_t n) {
  return device->memories + n * H2_MEM_STRIDE;
}

/* What the first layer reads and the last layer fires, for a sub-batch of `samples`. */
h2_map h2_input_map(const h2_device* device, uint32_t samples);
h2_map h2_output_map(const h2_device* device, uint32_t samples);
/* Output channels of the last layer. */
uint32_t h2_classes(const h2_device* device);

/* Writes the network table as the device has it. */
int h2_write_table(h2_device* device);
/* Opens and locks the card's windows on the memory that the network uses. */
int h2_open_windows(h2_device* device);

#ifdef __cplusplus
}
#endif
#endif
