// SPDX-License-Identifier: Apache-2.0
/* Hardware/software contract of the H2Learn card: the only place that names a register offset, a
 * bit, a descriptor field or a status code. Plain C, no dependency; the model, the driver and
 * firmware all include it. All fields are little-endian. */
#ifndef H2_CONTRACT_H
#define H2_CONTRACT_H

#include <stddef.h>
#include <stdint.h>

#define H2_ID UINT32_C(0x4832564C)      /* "LV2H" in memory order */
#define H2_VERSION UINT32_C(0x00030004) /* major.minor: 16 bits each */

/* ---- System address map ---------------------------------------------------------------------- */
#define H2_REGS_BASE UINT64_C(0x10000000)
#define H2_REGS_SIZE UINT64_C(0x1000)
#define H2_MEM0_BASE UINT64_C(0x1000000000)
#define H2_MEM_STRIDE UINT64_C(0x1000000000) /* distance of MemN and MemN+1 */
#define H2_MEM_BASE(n) (H2_MEM0_BASE + (uint64_t)(n)*H2_MEM_STRIDE)
/* Several cards on one bus: card 0 is the one above. */
#define H2_CARD_REGS_BASE(card) (H2_REGS_BASE + (uint64_t)(card)*UINT64_C(0x1000000))
#define H2_CARD_MEM_BASE(card, n) H2_MEM_BASE((uint64_t)(card)*4U + (n))
/* RAM of the host of a card, since 3.1: rings may lie there, tensors may not. */
#define H2_HOST_MEM_BASE UINT64_C(0x80000000)
#define H2_HOST_MEM_SIZE UINT64_C(0x01000000)
#define H2_CARD_HOST_MEM_BASE(card) (H2_HOST_MEM_BASE + (uint64_t)(card)*H2_HOST_MEM_SIZE)

/* ---- Registers: X(name, offset, access, reset, description). 32 bits, aligned accesses only ----
 */
#define H2_RO 1
#define H2_RW 2
#define H2_W1C 3 /* write one to clear */
#define H2_REGISTERS(X)                                                                       \
  X(ID, 0x000, H2_RO, H2_ID, "identification, H2_ID")                                         \
  X(VERSION, 0x004, H2_RO, H2_VERSION, "contract version")                                    \
  X(CAPABILITIES, 0x008, H2_RO, 0, "what the card is built for")                              \
  X(TILE, 0x00C, H2_RO, 0, "tile payload")                                                    \
  X(MEMORY_SIZE, 0x010, H2_RO, 0, "capacity of each MemN in units of 1 MiB")                  \
  X(TIMEOUT, 0x018, H2_RW, 0,                                                                 \
    "longest time of one layer on one engine in units of 1024 core cycles; 0: none")          \
  X(LAST_STEP, 0x01C, H2_RW, 0,                                                               \
    "step of the last completed update; survives a soft reset. While nothing is under way 0 " \
    "may be written: the weights are new, WEIGHTS_LOST ends. Before the first update behind " \
    "a reset, unless weights are lost, any step: weights and optimiser state are of it")      \
  X(CONTROL, 0x020, H2_RW, 0, "enable and soft reset")                                        \
  X(STATUS, 0x024, H2_RO, 0, "state of the card")                                             \
  X(IRQ_STATUS, 0x028, H2_W1C, 0, "reasons of the interrupt, write one to clear")             \
  X(IRQ_MASK, 0x02C, H2_RW, 0, "reasons that raise the interrupt line")                       \
  X(RING_BASE_LO, 0x030, H2_RW, 0, "descriptor ring address, bits 31:0, 64 B aligned")        \
  X(RING_BASE_HI, 0x034, H2_RW, 0, "descriptor ring address, bits 63:32")                     \
  X(RING_SIZE, 0x038, H2_RW, 0, "entries of both rings, power of two, 2..1024")               \
  X(RING_HEAD, 0x03C, H2_RO, 0, "next descriptor the card fetches")                           \
  X(RING_TAIL, 0x040, H2_RW, 0, "doorbell: next descriptor the driver will fill")             \
  X(COMPLETION_BASE_LO, 0x044, H2_RW, 0, "completion ring address, bits 31:0, 64 B aligned")  \
  X(COMPLETION_BASE_HI, 0x048, H2_RW, 0, "completion ring address, bits 63:32")               \
  X(COMPLETION_HEAD, 0x04C, H2_RO, 0, "next completion the card will write")                  \
  X(COMPLETION_TAIL, 0x050, H2_RW, 0, "next completion the driver will read")                 \
  X(ERROR, 0x054, H2_RO, 0, "oldest code of the error queue; 0: the queue is empty")          \
  X(ERROR_TAG, 0x058, H2_RO, 0, "tag of the descriptor, or offset of the register, of ERROR") \
  X(ERROR_LOST, 0x05C, H2_RO, 0, "errors that found the error queue full")                    \
  X(INJECT, 0x060, H2_RW, 0, "fault injection; reads 0 again when it has struck")             \
  H2_WINDOW_REGISTERS(X, WINDOW0, 0x100)                                                      \
  H2_WINDOW_REGISTERS(X, WINDOW1, 0x110)                                                      \
  H2_WINDOW_REGISTERS(X, WINDOW2, 0x120)                                                      \
  H2_WINDOW_REGISTERS(X, WINDOW3, 0x130)                                                      \
  H2_WINDOW_REGISTERS(X, WINDOW4, 0x140)                                                      \
  H2_WINDOW_REGISTERS(X, WINDOW5, 0x150)                                                      \
  H2_WINDOW_REGISTERS(X, WINDOW6, 0x160)                                                      \
  H2_WINDOW_REGISTERS(X, WINDOW7, 0x170)

/* What the card may reach of the system address map; everything else is refused. Closed after
 * reset. */
#define H2_WINDOW_REGISTERS(X, name, offset)                                           \
  X(name##_BASE, (offset) + 0x0, H2_RW, 0, "first page of the window, address / 4096") \
  X(name##_LIMIT, (offset) + 0x4, H2_RW, 0, "page behind the window, address / 4096")  \
  X(name##_CONTROL, (offset) + 0x8, H2_RW, 0, "rights of the card; lock until soft reset")
#define H2_WINDOWS 8U
#define H2_WINDOW_PAGE 4096U
#define H2_REG_WINDOW_BASE(n) (H2_REG_WINDOW0_BASE + (n)*0x10U)
#define H2_REG_WINDOW_LIMIT(n) (H2_REG_WINDOW0_LIMIT + (n)*0x10U)
#define H2_REG_WINDOW_CONTROL(n) (H2_REG_WINDOW0_CONTROL + (n)*0x10U)

#define H2_REG_ENUM_(name, offset, access, reset, text) H2_REG_##name = (offset),
enum { H2_REGISTERS(H2_REG_ENUM_) H2_REG_END_ };
#undef H2_REG_ENUM_

/* X(register, field, lowest bit, bits, description). Registers without fields are one number. */
#define H2_FIELDS(X)                                                                       \
  X(VERSION, MINOR, 0, 16, "compatible additions")                                         \
  X(VERSION, MAJOR, 16, 16, "changes a driver must know")                                  \
  X(CAPABILITIES, VALUE_BYTES, 0, 8, "bytes of one stored value: 2 FP16, 4 FP32")          \
  X(CAPABILITIES, WINDOWS, 8, 4, "address windows")                                        \
  X(CAPABILITIES, MEMORIES, 12, 2, "3: Mem0, Mem1, Mem2; 1: Mem0 holds all; 0: as 3")      \
  X(CAPABILITIES, SHIFT_DECAY, 14, 1, "1: potentials decay by shift, H2_SHIFT_ALPHA only") \
  X(CAPABILITIES, RELU, 15, 1, "1: ReLU in place of spiking neurons, one timestep")        \
  X(CAPABILITIES, RING_MAX, 16, 16, "most entries of a ring")                              \
  X(TILE, HEIGHT, 0, 16, "rows of a tile")                                                 \
  X(TILE, WIDTH, 16, 16, "columns of a tile")                                              \
  X(CONTROL, ENABLE, 0, 1, "take descriptors")                                             \
  X(CONTROL, RESET, 1, 1, "soft reset; reads 0 again when done")                           \
  X(STATUS, ENABLED, 0, 1, "the card takes descriptors")                                   \
  X(STATUS, BUSY, 1, 1, "a descriptor is waiting or under way")                            \
  X(STATUS, ERROR, 2, 1, "the error queue is not empty")                                   \
  X(STATUS, WEIGHTS_LOST, 3, 1, "an update broke off, see LAST_STEP")                      \
  X(STATUS, PARTLY_UPDATED, 4, 1, "some layers are a step ahead of LAST_STEP, all whole")  \
  X(IRQ_STATUS, COMPLETION, 0, 1, "a completion was written")                              \
  X(IRQ_STATUS, ERROR, 1, 1, "error queue not empty; clearing it drops the oldest entry")  \
  X(IRQ_MASK, COMPLETION, 0, 1, "completions raise the line")                              \
  X(IRQ_MASK, ERROR, 1, 1, "errors raise the line")                                        \
  X(INJECT, KIND, 0, 2, "0 none, 1 error response, 2 no response at all")                  \
  X(INJECT, ENGINE, 2, 2, "0 forward, 1 backward, 2 weight update")                        \
  X(INJECT, AFTER, 16, 16, "memory transactions of the engine that pass before")           \
  X(WINDOW0_CONTROL, READ, 0, 1, "the card may read")                                      \
  X(WINDOW0_CONTROL, WRITE, 1, 1, "the card may write")                                    \
  X(WINDOW0_CONTROL, LOCK, 2, 1, "the window's registers refuse writes until soft reset")

#define H2_FIELD_ENUM_(reg, field, low, bits, text) \
  H2_##reg##_##field##_LOW = (low), H2_##reg##_##field##_BITS = (bits),
enum { H2_FIELDS(H2_FIELD_ENUM_) H2_FIELD_END_ };
#undef H2_FIELD_ENUM_

/* Value of a field, and a field's place in a register. */
#define H2_GET(reg, field, value) \
  (((value) >> H2_##reg##_##field##_LOW) & ((1U << H2_##reg##_##field##_BITS) - 1U))
#define H2_PUT(reg, field, value) ((uint32_t)(value) << H2_##reg##_##field##_LOW)

#define H2_CAP_VALUE_BYTES(caps) H2_GET(CAPABILITIES, VALUE_BYTES, caps)
#define H2_CAP_MEMORIES(caps) H2_GET(CAPABILITIES, MEMORIES, caps)
#define H2_CAP_SHIFT_DECAY(caps) H2_GET(CAPABILITIES, SHIFT_DECAY, caps)
#define H2_CAP_RELU(caps) H2_GET(CAPABILITIES, RELU, caps)
#define H2_CAP_RING_MAX(caps) H2_GET(CAPABILITIES, RING_MAX, caps)
#define H2_RING_MAX 1024U
#define H2_SHIFT_ALPHA 0.9375F /* x - x / 16 */
#define H2_ERROR_QUEUE 16U     /* entries of the error queue */

#define H2_CONTROL_ENABLE H2_PUT(CONTROL, ENABLE, 1)
#define H2_CONTROL_RESET H2_PUT(CONTROL, RESET, 1)
#define H2_STATUS_ENABLED H2_PUT(STATUS, ENABLED, 1)
#define H2_STATUS_BUSY H2_PUT(STATUS, BUSY, 1)
#define H2_STATUS_ERROR H2_PUT(STATUS, ERROR, 1)
#define H2_STATUS_WEIGHTS_LOST H2_PUT(STATUS, WEIGHTS_LOST, 1)
#define H2_STATUS_PARTLY_UPDATED H2_PUT(STATUS, PARTLY_UPDATED, 1)
#define H2_IRQ_COMPLETION H2_PUT(IRQ_STATUS, COMPLETION, 1)
#define H2_IRQ_ERROR H2_PUT(IRQ_STATUS, ERROR, 1)
#define H2_WINDOW_READ H2_PUT(WINDOW0_CONTROL, READ, 1)
#define H2_WINDOW_WRITE H2_PUT(WINDOW0_CONTROL, WRITE, 1)
#define H2_WINDOW_LOCK H2_PUT(WINDOW0_CONTROL, LOCK, 1)

/* ---- Descriptor ------------------------------------------------------------------------------ */
#define H2_DESCRIPTOR_VERSION 1U
/* X(name, value, description) */
#define H2_OPCODES(X)                                                                      \
  X(FORWARD, 1, "all layers on FE")                                                        \
  X(BACKWARD, 2, "last layer's Grad, then all layers downwards on BE")                     \
  X(WEIGHT_GRADIENT, 3, "on WUE, each layer as soon as backward `depends` has its grad-u") \
  X(UPDATE, 4, "optimiser step of all layers on WUE")
#define H2_OPCODE_ENUM_(name, value, text) H2_OP_##name = (value),
enum h2_opcode { H2_OPCODES(H2_OPCODE_ENUM_) H2_OP_END_ };
#undef H2_OPCODE_ENUM_

#define H2_DESC_FIRST 0x1U     /* first sub-batch of a group: overwrite grad-w instead of adding */
#define H2_DESC_LAST 0x2U      /* last sub-batch of a group */
#define H2_DESC_INFERENCE 0x4U /* forward stores spikes only */
#define H2_DESC_RATES 0x8U     /* update: with its own learning rate and weight decay, since 3.2 */

/* X(type, name, offset, description) */
#define H2_DESCRIPTOR_FIELDS(X)                                                          \
  X(uint8_t, version, 0, "H2_DESCRIPTOR_VERSION")                                        \
  X(uint8_t, opcode, 1, "enum h2_opcode")                                                \
  X(uint16_t, flags, 2, "1 first, 2 last sub-batch of a group, 4 inference, 8 rates")    \
  X(uint32_t, size, 4, "bytes of the descriptor")                                        \
  X(uint32_t, tag, 8, "not 0, unique among descriptors in flight")                       \
  X(uint32_t, depends, 12, "weight gradient: tag of the backward descriptor it follows") \
  X(uint16_t, memory, 16, "0 or 1: the MemN that holds this sub-batch")                  \
  X(uint16_t, samples, 18, "1..sub_batch of the network table")                          \
  X(uint32_t, step, 20, "update: 1, 2, ...: optimiser step number")                      \
  X(uint64_t, table, 24, "address of the network table")                                 \
  X(uint64_t, input, 32, "address of the sub-batch's input tensor")                      \
  X(uint64_t, output_gradient, 40, "backward: address of grad-s of the last layer")      \
  X(float, learning_rate, 48, "update with rates: instead of the table's; 0 otherwise")  \
  X(float, weight_decay, 52, "update with rates: 0 for none; 0 otherwise")               \
  X(uint64_t, reserved0, 56, "0")

#define H2_COMPLETION_FIELDS(X)                                                             \
  X(uint32_t, tag, 0, "of the descriptor")                                                  \
  X(uint32_t, status, 4, "enum h2_error")                                                   \
  X(uint32_t, layer, 8, "of the failure, counted from 1; 0 otherwise")                      \
  X(uint32_t, timestep, 12, "of a potential or grad-u that overflows, from 1; 0 otherwise") \
  X(uint64_t, start_cycle, 16, "core cycles since power-on")                                \
  X(uint64_t, end_cycle, 24, "core cycles since power-on")

#define H2_MEMBER_(type, name, offset, text) type name;
typedef struct h2_descriptor {
  H2_DESCRIPTOR_FIELDS(H2_MEMBER_)
} h2_descriptor;
typedef struct h2_completion {
  H2_COMPLETION_FIELDS(H2_MEMBER_)
} h2_completion;

/* X(name, value, description) */
#define H2_ERRORS(X)                                                                      \
  X(VERSION, 1, "descriptor or table version not supported")                              \
  X(OPCODE, 2, "unknown opcode")                                                          \
  X(SIZE, 3, "descriptor size, flags, reserved fields, memory, samples or step illegal")  \
  X(ALIGNMENT, 4, "an address is not a multiple of 64 bytes")                             \
  X(ADDRESS, 5, "a tensor outside the memory it belongs to")                              \
  X(TABLE, 6, "network table with a wrong magic number or impossible shapes")             \
  X(DEPENDENCY, 7, "out of order: what it depends on is missing, unknown or failed")      \
  X(BUS, 8, "a memory access of an engine was answered with an error")                    \
  X(OVERFLOW, 9, "gradient or weight not finite: lower loss scale or learning rate")      \
  X(DOORBELL, 10, "ring tail out of range or stale, or rung while disabled or in reset")  \
  X(RING, 11, "ring address or size illegal, or not reachable")                           \
  X(REGISTER, 12, "register unmapped, misaligned, read-only or locked, or value illegal") \
  X(COMPLETION, 13, "no room in the completion ring: the completion is lost")             \
  X(CAPACITY, 14, "a tile set does not fit a global buffer")                              \
  X(CHECKSUM, 15, "network table damaged: checksum")                                      \
  X(OVERLAP, 16, "two tensors share memory")                                              \
  X(WINDOW, 17, "outside the windows opened for the card")                                \
  X(TIMEOUT, 18, "a layer took longer than register TIMEOUT allows")                      \
  X(TAG, 19, "tag 0, or of a descriptor in flight")                                       \
  X(WEIGHTS, 20, "an update broke off and left the weights half-way: write them anew")
#define H2_ERROR_ENUM_(name, value, text) H2_ERR_##name = (value),
enum h2_error { H2_OK = 0, H2_ERRORS(H2_ERROR_ENUM_) H2_ERR_END_ };
#undef H2_ERROR_ENUM_

/* ---- Network table: one header, then one record per layer ------------------------------------ */
#define H2_TABLE_MAGIC UINT32_C(0x4832544C)
#define H2_TABLE_VERSION 1U
#define H2_TENSOR_ALIGN 64U
#define H2_MAX_LAYERS 64U

enum h2_optimizer { H2_OPT_SGD = 0, H2_OPT_ADAM = 1 };
#define H2_TABLE_STATIC_ONCE 0x1U /* charge a static input's spatial sum once for all timesteps */
#define H2_TABLE_NEURONS 0x2U     /* an h2_neuron per layer follows the records, since 3.2 */
/* Since 3.2: sub-batches of a group, but for its last, whose vectors grouped layers can keep. */
#define H2_TABLE_SLOTS(flags) ((uint32_t)(flags) >> 8)
#define H2_TABLE_PUT_SLOTS(slots) ((uint32_t)(slots) << 8)
#define H2_MOST_SLOTS 1023U

/* X(type, name, offset, description) */
#define H2_TABLE_FIELDS(X)                                          \
  X(uint32_t, magic, 0, "H2_TABLE_MAGIC")                           \
  X(uint32_t, version, 4, "H2_TABLE_VERSION")                       \
  X(uint32_t, layers, 8, "records behind this header")              \
  X(uint32_t, layer_size, 12, "bytes of a record")                  \
  X(uint32_t, timesteps, 16, "T")                                   \
  X(uint32_t, sub_batch, 20, "most samples of a sub-batch")         \
  X(uint32_t, flags, 24, "1 static once; 2 neurons; from 8: slots") \
  X(uint32_t, optimizer, 28, "0 SGD with momentum, 1 Adam")         \
  X(float, alpha, 32, "decay of the potential")                     \
  X(float, th_f, 36, "firing threshold")                            \
  X(float, th_l, 40, "lower end of the mask, exclusive")            \
  X(float, th_r, 44, "upper end of the mask, exclusive")            \
  X(float, beta, 48, "surrogate gradient inside the mask")          \
  X(float, learning_rate, 52, "")                                   \
  X(float, momentum, 56, "SGD")                                     \
  X(float, beta1, 60, "Adam")                                       \
  X(float, beta2, 64, "Adam")                                       \
  X(float, epsilon, 68, "Adam")                                     \
  X(float, loss_scale, 72, "power of two, removed at the update")   \
  X(uint32_t, checksum, 76, "h2_checksum() of header (this field 0) and records")

enum h2_layer_kind { H2_LAYER_CONV = 0, H2_LAYER_FC = 1 };
enum h2_pool { H2_POOL_NONE = 0, H2_POOL_AFTER_SOMA = 1, H2_POOL_BEFORE_SOMA = 2 };
#define H2_LAYER_ENCODING 0x1U /* input is static 8-bit pixels */
/* Since 3.2, fully connected layers: grad-w is computed once, behind the last sub-batch of a group.
 * Until then the vectors of the others lie behind grad-w (h2_grouped_bytes() in h2_layout.h). */
#define H2_LAYER_GROUPED 0x8U
#define H2_LAYER_VALID 0x4U     /* convolution without padding, since 3.2 */
#define H2_LAYER_MAX_POOL 0x10U /* largest of four spikes after Soma: an extension, since 3.3 */
/* Since 3.3: the last of `cin` channels is no input but 1 everywhere. Its weight in the middle of
 * the kernel is the bias; the others have to be 0 and stay so. */
#define H2_LAYER_BIAS 0x20U
/* Since 3.3, the last layer, fully connected: its neurons never fire, their potentials are the
 * outputs, dense values at `potential`; an extension. */
#define H2_LAYER_READOUT 0x80U
/* Since 3.4, without bias, pooling before Soma and read-out: batch norm of the sums, an extension.
 * Behind the weights, in every place that holds "as weights", lie gamma, beta, running mean and
 * running variance, each of all output channels; behind grad-u what h2_layout.h says. Its alpha is
 * 1, with the second flag, which needs the first, 1 / sqrt(2). */
#define H2_LAYER_BATCH_NORM 0x40U
#define H2_LAYER_NORM_BRANCH 0x100U
#define H2_NORM_ARRAYS 4U

/* Offsets count from the base of the descriptor's Mem0 or Mem1, the last four from Mem2. */
#define H2_LAYER_FIELDS(X)                                                     \
  X(uint16_t, kind, 0, "0 convolution, 1 fully connected")                     \
  X(uint16_t, flags, 2, "H2_LAYER_ENCODING and the others")                    \
  X(uint16_t, pool, 4, "0 none, 1 AP2 after Soma, 2 before")                   \
  X(uint16_t, planes, 6, "bit planes of the input: 1, 3 or 8")                 \
  X(uint32_t, cin, 8, "input channels, planes not counted, bias included")     \
  X(uint32_t, cout, 12, "output channels")                                     \
  X(uint16_t, kernel, 16, "odd; FC: 1")                                        \
  X(uint16_t, stride, 18, "1 or 2")                                            \
  X(uint16_t, in_height, 20, "rows of the input map; FC: 1")                   \
  X(uint16_t, in_width, 22, "columns of the input map; FC: 1")                 \
  X(uint64_t, weights, 24, "values, blocked order (h2_layout.h)")              \
  X(uint64_t, spikes, 32, "bits at Soma positions")                            \
  X(uint64_t, pooled, 40, "bit planes of AP2 on spikes; 0 if none")            \
  X(uint64_t, potential, 48, "conv: packed values in slots; FC: dense values") \
  X(uint64_t, mask, 56, "bits, Eq. (5)")                                       \
  X(uint64_t, gradient, 64, "grad-u, dense values at Soma positions")          \
  X(uint64_t, gradient_mask, 72, "bits, Eq. (6); conv only, 0 for FC")         \
  X(uint64_t, weight_gradient, 80, "Mem2: values, as weights")                 \
  X(uint64_t, master, 88, "Mem2: FP32, as weights")                            \
  X(uint64_t, momentum, 96, "Mem2: FP32, as weights")                          \
  X(uint64_t, variance, 104, "Mem2: FP32, as weights; 0 for SGD")

/* A layer's own neuron, in place of the header's five numbers. `kind`, since 3.3: reset in bits 0
 * to 1, surrogate in bits 4 to 5, in bits 8 to 13 how many layers below the one lies whose spikes
 * are added to the sums, 0: none; other than 0 an extension. Since 3.4, with bit 14 that layer's
 * potentials instead: all of them are then stored there, dense values. */
enum h2_reset { H2_RESET_HARD = 0, H2_RESET_SOFT = 1, H2_RESET_SOFT_AFTER_DECAY = 2 };
enum h2_surrogate {
  H2_SURROGATE_RECTANGLE = 0,
  H2_SURROGATE_TRIANGLE = 1,
  H2_SURROGATE_ATAN = 2,
  H2_SURROGATE_FAST_SIGMOID = 3
};
#define H2_NEURON_KIND(reset, surrogate) ((uint32_t)(reset) | (uint32_t)(surrogate) << 4)
#define H2_NEURON_PUT_ADDS(layers) ((uint32_t)(layers) << 8)
#define H2_NEURON_POTENTIALS 0x4000U
#define H2_NEURON_RESET(kind) ((kind)&0x3U)
#define H2_NEURON_SURROGATE(kind) ((kind) >> 4 & 0x3U)
#define H2_NEURON_ADDS(kind) ((kind) >> 8 & 0x3FU)
#define H2_NEURON_FIELDS(X)                                \
  X(float, alpha, 0, "decay of the potential")             \
  X(float, th_f, 4, "firing threshold")                    \
  X(float, th_l, 8, "lower end of the mask, exclusive")    \
  X(float, th_r, 12, "upper end of the mask, exclusive")   \
  X(float, beta, 16, "surrogate gradient inside the mask") \
  X(uint32_t, kind, 20, "bits 0-1 reset, 4-5 surrogate, 8-13 adds, 14 potentials")

typedef struct h2_table {
  H2_TABLE_FIELDS(H2_MEMBER_)
} h2_table;
typedef struct h2_layer {
  H2_LAYER_FIELDS(H2_MEMBER_)
} h2_layer;
typedef struct h2_neuron {
  H2_NEURON_FIELDS(H2_MEMBER_)
} h2_neuron;
#undef H2_MEMBER_

#ifdef __cplusplus
#define H2_STATIC_ASSERT(c, m) static_assert(c, m)
#else
#define H2_STATIC_ASSERT(c, m) _Static_assert(c, m)
#endif
H2_STATIC_ASSERT(sizeof(h2_descriptor) == 64, "descriptor is 64 bytes");
H2_STATIC_ASSERT(sizeof(h2_completion) == 32, "completion is 32 bytes");
H2_STATIC_ASSERT(sizeof(h2_table) == 80, "table header is 80 bytes");
H2_STATIC_ASSERT(sizeof(h2_layer) == 112, "layer record is 112 bytes");
H2_STATIC_ASSERT(sizeof(h2_neuron) == 24, "neuron record is 24 bytes");

#define H2_PLACE_(record, type, name, offset)                                           \
  H2_STATIC_ASSERT(                                                                     \
      offsetof(record, name) == (offset) && sizeof(((record*)0)->name) == sizeof(type), \
      #record "." #name " is at " #offset);
#define H2_PLACE_DESCRIPTOR_(type, name, offset, text) H2_PLACE_(h2_descriptor, type, name, offset)
#define H2_PLACE_COMPLETION_(type, name, offset, text) H2_PLACE_(h2_completion, type, name, offset)
#define H2_PLACE_TABLE_(type, name, offset, text) H2_PLACE_(h2_table, type, name, offset)
#define H2_PLACE_LAYER_(type, name, offset, text) H2_PLACE_(h2_layer, type, name, offset)
#define H2_PLACE_NEURON_(type, name, offset, text) H2_PLACE_(h2_neuron, type, name, offset)
H2_DESCRIPTOR_FIELDS(H2_PLACE_DESCRIPTOR_)
H2_COMPLETION_FIELDS(H2_PLACE_COMPLETION_)
H2_TABLE_FIELDS(H2_PLACE_TABLE_)
H2_LAYER_FIELDS(H2_PLACE_LAYER_)
H2_NEURON_FIELDS(H2_PLACE_NEURON_)
#undef H2_PLACE_
#undef H2_PLACE_DESCRIPTOR_
#undef H2_PLACE_COMPLETION_
#undef H2_PLACE_TABLE_
#undef H2_PLACE_LAYER_
#undef H2_PLACE_NEURON_
#define H2_ALIGNED_(name, offset, access, reset, text) \
  H2_STATIC_ASSERT((offset) % 4 == 0 && (offset) < H2_REGS_SIZE, #name " is a word of the block");
H2_REGISTERS(H2_ALIGNED_)
#undef H2_ALIGNED_

#endif
