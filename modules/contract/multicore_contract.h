/* SPDX-License-Identifier: Apache-2.0 */
/* What a card with many cores has beside the registers of h2_contract.h; its descriptors, network
 * table and tensors are the same, and so are its three memories. Which core does what is no matter
 * of software. */
#ifndef H2_MULTICORE_CONTRACT_H
#define H2_MULTICORE_CONTRACT_H

#include "modules/contract/h2_contract.h"

/* X(name, offset, access, reset, description) */
#define H2_MULTICORE_REGISTERS(X)                                                 \
  X(MESH, 0x064, H2_RO, 0, "cores, and from bit 16 on the columns of their mesh") \
  X(LANES, 0x068, H2_RO, 0, "multiply-accumulates per cycle of an engine of a core")
#define H2_MULTICORE_ENUM_(name, offset, access, reset, text) H2_MULTICORE_REG_##name = (offset),
enum { H2_MULTICORE_REGISTERS(H2_MULTICORE_ENUM_) H2_MULTICORE_REG_END_ };
#undef H2_MULTICORE_ENUM_

#define H2_MULTICORE_MESH(cores, columns) ((uint32_t)(cores) | (uint32_t)(columns) << 16)

#endif
