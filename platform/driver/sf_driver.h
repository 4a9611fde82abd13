// SPDX-License-Identifier: Apache-2.0
/* Driver of the SpinalFlow card: plain C, no allocation, on the rings, windows and completions of
 * h2_driver.h. Places a network's lists and weights in Mem0 and runs it with one descriptor. */
#ifndef SF_DRIVER_H
#define SF_DRIVER_H

#include "modules/contract/spinalflow_contract.h"
#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sf_device {
  h2_device card; /* its `reason` and `failure` are those of the calls below */
  sf_table table;
  sf_layer layers[H2_MAX_LAYERS];
  uint64_t input; /* address of the input lists */
} sf_device;

/* Results as of h2_driver.h. Finds and resets card `card`, sets the rings up. */
int sf_open(sf_device* device, const h2_bus* bus, uint32_t card);
/* Takes the network: `table` without magic, version, sizes and checksum, `layers` without
 * addresses. Assigns an address to every tensor, writes the table, lets the card reach them. What
 * the unit cannot run is refused by the card with SF_ERR_LAYER. */
int sf_load_network(sf_device* device, const sf_table* table, const sf_layer* layers,
                    uint32_t count);
/* Weights in OIHW order: cout x cin x kernel_height x kernel_width. */
int sf_write_weights(sf_device* device, uint32_t layer, const int8_t* oihw);
/* The lists of one sample of the input: `lists` per position, their spikes in `entries`, of
 * SF_ENTRY_BYTES each, at place `first`. Copied as they are: the card checks them. */
int sf_write_lists(sf_device* device, uint32_t sample, const sf_list* lists,
                   const uint8_t* entries);
/* Runs the network on the first `samples` inputs. */
int sf_infer(sf_device* device, uint32_t samples);
/* The list of one position of a layer's output: at most `room` spikes of SF_ENTRY_BYTES. */
int sf_read_list(sf_device* device, uint32_t layer, uint32_t sample, uint32_t position,
                 uint8_t* entries, uint32_t room, uint32_t* count);

/* Rows and columns of a layer's output. */
uint32_t sf_out_height(const sf_layer* layer);
uint32_t sf_out_width(const sf_layer* layer);

#ifdef __cplusplus
}
#endif
#endif
