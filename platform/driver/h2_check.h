// SPDX-License-Identifier: Apache-2.0
/* Checks of arguments, for the driver's own sources: H2_OK, or H2_DRV_ARGUMENT with the reason
 * in the device. */
#ifndef H2_CHECK_H
#define H2_CHECK_H

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

int h2_check_device(h2_device* device); /* opened; clears the reason */
int h2_check_loaded(h2_device* device); /* and with a network */
int h2_check_network(h2_device* device, const h2_table* table, const h2_layer* layers,
                     uint32_t count);
int h2_check_sub_batch(h2_device* device, const h2_sub_batch* batch, int labelled);
int h2_check_neurons(h2_device* device, const h2_neuron* neurons, uint32_t count);
int h2_check_loss_scale(h2_device* device, float loss_scale);
int h2_check_rates(h2_device* device, float learning_rate, float weight_decay);
int h2_check_group(h2_device* device, const h2_group* group);

#ifdef __cplusplus
}
#endif
#endif
