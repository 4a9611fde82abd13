// SPDX-License-Identifier: Apache-2.0
/* Shapes of a network's maps, for the driver's own sources. */
#ifndef H2_SHAPES_H
#define H2_SHAPES_H

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes of a layer's maps: of the convolution, at Soma, and as the next layer reads them. */
typedef struct h2_shapes {
  uint32_t out_height, out_width, soma_height, soma_width, next_height, next_width, next_planes;
} h2_shapes;
h2_shapes h2_shapes_of(const h2_layer* layer);
/* Weights of the layer, and what lies behind them of batch norm. */
uint64_t h2_parameters(const h2_layer* layer);
/* Channels that the layer reads: without the constant of its bias. */
uint32_t h2_inputs(const h2_layer* layer);

/* A map of a whole sub-batch. */
h2_map h2_map_of(const h2_device* device, uint32_t channels, uint32_t height, uint32_t width,
                 uint32_t steps);
/* What the first layer reads and the last layer fires, for a sub-batch of `samples`. */
h2_map h2_input_map(const h2_device* device, uint32_t samples);
h2_map h2_output_map(const h2_device* device, uint32_t samples);
/* Output channels of the last layer. */
uint32_t h2_classes(const h2_device* device);

#ifdef __cplusplus
}
#endif
#endif
