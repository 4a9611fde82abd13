// SPDX-License-Identifier: Apache-2.0
/* Driver of the SpinAPS card: plain C, no allocation, on the rings, windows and completions of
 * h2_driver.h. Places a network and samples in Mem0, programs the arrays, and infers. */
#ifndef SA_DRIVER_H
#define SA_DRIVER_H

#include "modules/contract/spinaps_contract.h"
#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sa_device {
  h2_device card; /* its `reason` and `failure` are those of the calls below */
  sa_table table;
  uint64_t input, results; /* addresses */
} sa_device;

/* How sa_infer() decides: as the descriptor's fields. */
typedef struct sa_rule {
  uint32_t flags; /* SA_FLAG_* */
  uint32_t deadline;
  uint32_t seed;
} sa_rule;

/* Results as of h2_driver.h. Finds and resets card `card`, sets the rings up. */
int sa_open(sa_device* device, const h2_bus* bus, uint32_t card);
/* Takes the shape of a network: `table` without magic, version, addresses, generation and checksum.
 * Assigns an address to every tensor, writes the table, lets the card reach them. What the arrays
 * cannot hold is refused by the card with SA_ERR_ARRAY. */
int sa_load_network(sa_device* device, const sa_table* table);
/* The network's values: weights Q[d][j][c], a bias per class, a sigmoid table of 256 entries. They
 * count from the next sa_program() on. */
int sa_write_network(sa_device* device, const int8_t* weights, const int32_t* biases,
                     const uint16_t* sigmoid);
/* Programs the arrays with what lies in memory. */
int sa_program(sa_device* device);
/* Spikes of sample `sample` of the next inference, (inputs + 7) / 8 * steps bytes. */
int sa_write_spikes(sa_device* device, uint32_t sample, const uint8_t* bits);
/* Runs the first `samples` samples, of which the first has number `first`. */
int sa_infer(sa_device* device, uint32_t samples, uint32_t first, const sa_rule* rule);
int sa_read_results(sa_device* device, uint32_t samples, sa_result* results);

#ifdef __cplusplus
}
#endif
#endif
