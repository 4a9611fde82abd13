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

/* Sizes of a layer's maps: of the convolution, at Soma, and as the next layer reads them. */
typedef struct h2_shapes {
  uint32_t out_height, out_width, soma_height, soma_width, next_height, next_width, next_planes;
} h2_shapes;
h2_shapes h2_shapes_of(const h2_layer* layer);

/* What the first layer reads and the last layer fires, for a sub-batch of `samples`. */
h2_map h2_input_map(const h2_device* device, uint32_t samples);
h2_map h2_output_map(const h2_device* device, uint32_t samples);
/* Output channels of the last layer. */
uint32_t h2_classes(const h2_device* device);

/* Writes the network table as the device has it. */
int h2_write_table(h2_device* device);
/* Opens and locks the card's windows on the memory that the network uses. */
int h2_open_windows(h2_device* device);

/* Checks of arguments; H2_OK, or H2_DRV_ARGUMENT with the reason in the device. */
int h2_check_device(h2_device* device); /* opened; clears the reason */
int h2_check_loaded(h2_device* device); /* and with a network */
int h2_check_network(h2_device* device, const h2_table* table, const h2_layer* layers,
                     uint32_t count);
int h2_check_sub_batch(h2_device* device, const h2_sub_batch* batch, int labelled);
int h2_check_group(h2_device* device, const h2_group* group);
/* "NAME[INDEX]MEMBER WHY"; no index if it is negative. Return H2_DRV_ARGUMENT. */
int h2_refuse(h2_device* device, const char* name, int64_t index, const char* member,
              const char* why);
/* The same with "is VALUE: legal are LEAST to MOST". */
int h2_refuse_value(h2_device* device, const char* name, int64_t index, const char* member,
                    uint64_t value, uint64_t least, uint64_t most);
/* "NAME has HAS bytes, needed are NEEDED". Returns `error`. */
int h2_lacks(h2_device* device, int error, const char* name, uint64_t needed, uint64_t has);

#ifdef __cplusplus
}
#endif
#endif
