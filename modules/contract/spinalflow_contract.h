// SPDX-License-Identifier: Apache-2.0
/* Hardware/software contract of the SpinalFlow card beyond what all cards share (h2_contract.h:
 * registers, rings, bytes 0 to 15 of a descriptor, completions): its identification, opcode,
 * tables, lists of spikes, and the errors of its own. Plain C; all fields are little-endian. */
#ifndef SPINALFLOW_CONTRACT_H
#define SPINALFLOW_CONTRACT_H

#include "modules/contract/h2_contract.h"

#define SF_ID UINT32_C(0x4C465053) /* "SPFL" in memory order */

/* The card infers: the opcodes 2 to 4 of the H2Learn family are refused with SF_ERR_TRAINING. A
 * descriptor is an h2_descriptor whose `samples`, `table` and `input` (an sf spike tensor) count;
 * flags, memory, step and output_gradient are 0. */
#define SF_OP_INFER 1U

/* Status codes behind those of enum h2_error. X(name, value, description) */
#define SF_ERRORS(X)                                                                       \
  X(TRAINING, 64, "a training opcode: SpinalFlow infers only")                             \
  X(MULTI_BIT, 65, "a layer with input of several bits: SpinalFlow takes spikes only")     \
  X(LAYER, 66, "a layer that the unit cannot run, or that does not follow the one before") \
  X(ORDER, 67, "a list of spikes not sorted by tick and neuron, or a spike twice")         \
  X(LENGTH, 68, "a list with more spikes than channels times ticks")                       \
  X(TICK, 69, "a spike with a tick outside the time of the network")                       \
  X(NEURON, 70, "a spike of a neuron that is not at the position of its list")
#define SF_ERROR_ENUM_(name, value, text) SF_ERR_##name = (value),
enum sf_error { SF_ERRORS(SF_ERROR_ENUM_) SF_ERR_END_ };
#undef SF_ERROR_ENUM_

/* ---- Network table: one header, then one record per layer ------------------------------------ */
#define SF_TABLE_MAGIC UINT32_C(0x54465053) /* "SPFT" */
#define SF_TABLE_VERSION 1U
#define SF_LANES 128U /* output channels of a tile, bytes of a row of weights */

enum sf_fire { SF_FIRE_TICK = 0, SF_FIRE_EVENT = 1 };
enum sf_reset { SF_RESET_ZERO = 0, SF_RESET_SUBTRACT = 1, SF_RESET_NONE = 2 };

/* X(type, name, offset, description) */
#define SF_TABLE_FIELDS(X)                                                            \
  X(uint32_t, magic, 0, "SF_TABLE_MAGIC")                                             \
  X(uint32_t, version, 4, "SF_TABLE_VERSION")                                         \
  X(uint32_t, layers, 8, "records behind this header, 1..64")                         \
  X(uint32_t, layer_size, 12, "bytes of a record")                                    \
  X(uint32_t, ticks, 16, "1..256")                                                    \
  X(uint32_t, samples, 20, "most samples of a descriptor, 1..1024")                   \
  X(uint32_t, fire, 24, "0 at the end of a tick, 1 after every event")                \
  X(uint32_t, reset, 28, "potential after a spike: 0 zero, 1 less threshold, 2 kept") \
  X(uint32_t, one_spike, 32, "1: a neuron fires once per sample")                     \
  X(uint32_t, leak, 36, "0..256: potential * leak / 256 between ticks")               \
  X(uint32_t, reserved, 40, "0")                                                      \
  X(uint32_t, checksum, 44, "h2_checksum() of header (this field 0) and records")

/* Addresses are those of the system address map, 64 B aligned. */
#define SF_LAYER_FIELDS(X)                                                                       \
  X(uint32_t, cin, 0, "input channels")                                                          \
  X(uint32_t, cout, 4, "output channels, 1..1024")                                               \
  X(uint16_t, in_height, 8, "rows of the input map")                                             \
  X(uint16_t, in_width, 10, "columns of the input map")                                          \
  X(uint16_t, kernel_height, 12, "fully connected: in_height")                                   \
  X(uint16_t, kernel_width, 14, "fully connected: in_width")                                     \
  X(uint16_t, stride, 16, "1 or 2")                                                              \
  X(uint16_t, pad, 18, "rows and columns of zeros on each side")                                 \
  X(uint16_t, pool, 20, "1, or 2: a neuron integrates the sum of 2x2 windows")                   \
  X(uint16_t, input_bits, 22, "1; more is refused with SF_ERR_MULTI_BIT")                        \
  X(int32_t, threshold, 24, "a potential of at least this fires, 1 or more")                     \
  X(uint32_t, reserved, 28, "0")                                                                 \
  X(uint64_t, weights, 32, "tile by tile, row (ky, kx, channel) by row: SF_LANES int8")          \
  X(uint64_t, output, 40, "spike tensor, room for all spikes")                                   \
  X(uint64_t, partial, 48, "scratch: a spike tensor of SF_LANES channels per tile but the last") \
  X(uint64_t, sums, 56, "scratch, layers of several parts: SF_LANES int32 per tick and position")

#define SF_MEMBER_(type, name, offset, text) type name;
typedef struct sf_table {
  SF_TABLE_FIELDS(SF_MEMBER_)
} sf_table;
typedef struct sf_layer {
  SF_LAYER_FIELDS(SF_MEMBER_)
} sf_layer;
#undef SF_MEMBER_
H2_STATIC_ASSERT(sizeof(sf_table) == 48, "table header is 48 bytes");
H2_STATIC_ASSERT(sizeof(sf_layer) == 64, "layer record is 64 bytes");
#define SF_PLACE_(record, type, name, offset)                                           \
  H2_STATIC_ASSERT(                                                                     \
      offsetof(record, name) == (offset) && sizeof(((record*)0)->name) == sizeof(type), \
      #record "." #name " is at " #offset);
#define SF_PLACE_TABLE_(type, name, offset, text) SF_PLACE_(sf_table, type, name, offset)
#define SF_PLACE_LAYER_(type, name, offset, text) SF_PLACE_(sf_layer, type, name, offset)
SF_TABLE_FIELDS(SF_PLACE_TABLE_)
SF_LAYER_FIELDS(SF_PLACE_LAYER_)
#undef SF_PLACE_
#undef SF_PLACE_TABLE_
#undef SF_PLACE_LAYER_

/* ---- Spike tensor ---------------------------------------------------------------------------- */
/* An entry of the table per sample and position, position by position; behind it, 64 B aligned, the
 * spikes: a byte of time, then the neuron (y * width + x) * channels + c in four bytes. A list is
 * sorted by tick, then neuron. */
typedef struct sf_list {
  uint32_t first; /* spikes before the list, from the first entry on */
  uint32_t count;
} sf_list;
#define SF_ENTRY_BYTES 5U

/* Of the table of `samples` maps with so many positions; and where the entries begin. */
static inline uint64_t sf_table_bytes(uint64_t samples, uint64_t positions) {
  return (samples * positions * sizeof(sf_list) + H2_TENSOR_ALIGN - 1) / H2_TENSOR_ALIGN *
         H2_TENSOR_ALIGN;
}
/* Of a tensor with room for every spike: the list of sample s and position p begins at entry
 * (s * positions + p) * channels * ticks. */
static inline uint64_t sf_tensor_bytes(uint64_t samples, uint64_t positions, uint64_t channels,
                                       uint64_t ticks) {
  const uint64_t entries = samples * positions * channels * ticks;
  return sf_table_bytes(samples, positions) +
         (entries * SF_ENTRY_BYTES + H2_TENSOR_ALIGN - 1) / H2_TENSOR_ALIGN * H2_TENSOR_ALIGN;
}
/* Of the sums of a layer with so many output positions. */
static inline uint64_t sf_sums_bytes(uint64_t samples, uint64_t positions, uint64_t ticks) {
  return samples * positions * ticks * SF_LANES * sizeof(int32_t);
}

#endif
