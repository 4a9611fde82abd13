/* SPDX-License-Identifier: Apache-2.0 */
/* What a SATA card has beside the registers of h2_contract.h; its descriptors, network table and
 * tensors are the same. One memory: CAPABILITIES.MEMORIES is 1, every tensor lies in Mem0. */
#ifndef H2_SATA_CONTRACT_H
#define H2_SATA_CONTRACT_H

#include "modules/contract/h2_contract.h"

/* X(name, offset, access, reset, description) */
#define H2_SATA_REGISTERS(X)                                                                  \
  X(GATES, 0x064, H2_RW, 0, "zeros that keep units still, for layers that begin from now on") \
  X(ARRAY, 0x068, H2_RO, 0, "PEs of the array")
#define H2_SATA_ENUM_(name, offset, access, reset, text) H2_SATA_REG_##name = (offset),
enum { H2_SATA_REGISTERS(H2_SATA_ENUM_) H2_SATA_REG_END_ };
#undef H2_SATA_ENUM_

#define H2_SATA_GATE_SPIKES 0x1U    /* forward and weight gradient: additions without a spike */
#define H2_SATA_GATE_GRADIENTS 0x2U /* backward: products of a grad-u that is zero */
#define H2_SATA_GATE_SURROGATE 0x4U /* gradient unit: products of a closed mask */
#define H2_SATA_GATES 0x7U
/* X(register, field, first bit, bits, description) */
#define H2_SATA_FIELDS(X)                                                          \
  X(GATES, SPIKES, 0, 1, "forward and weight gradient: additions without a spike") \
  X(GATES, GRADIENTS, 1, 1, "backward: products of a grad-u that is zero")         \
  X(GATES, SURROGATE, 2, 1, "gradient unit: products of a closed mask")            \
  X(ARRAY, ROWS, 0, 16, "rows of PEs")                                             \
  X(ARRAY, COLS, 16, 16, "columns of PEs")
#define H2_SATA_ARRAY(rows, cols) ((uint32_t)(rows) | (uint32_t)(cols) << 16)

#endif
