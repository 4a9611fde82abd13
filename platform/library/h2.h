// SPDX-License-Identifier: Apache-2.0
/* libh2.so: the driver of the H2Learn card for programs outside the simulator, and the way to a
 * card that `h2vp serve` simulates. Plain C. */
#ifndef H2_H
#define H2_H

#include "platform/driver/h2_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Connects to a served card; `bus` is then for h2_open(). One client is served at a time: another
 * one waits here. Returns H2_OK, H2_DRV_ARGUMENT (null, path empty or too long), H2_DRV_NO_MEMORY,
 * H2_DRV_NOT_FOUND (no server listens at the path: see errno) or H2_DRV_BUS (the server uses
 * another protocol). */
int h2_connect(const char* socket_path, h2_bus* bus);
/* Ends the connection; the card keeps its state. Nothing for a null pointer or a bus without a
 * connection. */
void h2_disconnect(h2_bus* bus);

/* Accesses to the card's memories outside simulated time, as a loader's: for h2_device.bus while
 * weights are written or read. Valid as long as the connection; without one, all zero. */
h2_bus h2_loader_bus(const h2_bus* bus);
/* Waits for the interrupt at most `ns` of simulated time, 1 to H2_WIRE_MAX_WAIT_NS. H2_OK,
 * H2_DRV_IRQ (it did not come), H2_DRV_ARGUMENT or H2_DRV_BUS. */
int h2_wait_irq_for(const h2_bus* bus, uint64_t ns);
/* Simulated time of the card in ps. H2_OK, H2_DRV_ARGUMENT or H2_DRV_BUS. */
int h2_time_ps(const h2_bus* bus, uint64_t* time);

/* For languages that do not see the headers. The size of h2_device, h2_bus, h2_table, h2_layer,
 * h2_neuron, h2_schedule, h2_sub_batch or h2_group; the bus address of the register of this name in
 * h2_contract.h; both 0 for another name. The address of Mem0, Mem1 or Mem2; 0 for another number.
 */
size_t h2_structure_bytes(const char* name);
uint64_t h2_register_address(const char* name);
uint64_t h2_memory_address(uint32_t memory);

#ifdef __cplusplus
}
#endif
#endif
