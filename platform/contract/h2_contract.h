/* Hardware/software contract of the H2Learn card: the only place that names a register offset, a
 * bit, a descriptor field or a status code. Plain C, no dependency; the model, the driver and
 * firmware all include it. All fields are little-endian. */
#ifndef H2_CONTRACT_H
#define H2_CONTRACT_H

#include <stdint.h>

#define H2_ID UINT32_C(0x4832564C)      /* "LV2H" in memory order */
#define H2_VERSION UINT32_C(0x00010000) /* major.minor: 16 bits each */

/* ---- System address map ---------------------------------------------------------------------- */
#define H2_REGS_BASE UINT64_C(0x10000000)
#define H2_REGS_SIZE UINT64_C(0x1000)
#define H2_MEM0_BASE UINT64_C(0x1000000000)
#define H2_MEM_STRIDE UINT64_C(0x1000000000) /* distance of MemN and MemN+1 */
#define H2_MEM_BASE(n) (H2_MEM0_BASE + (uint64_t)(n)*H2_MEM_STRIDE)

/* ---- Registers: X(name, offset, access, reset, description). 32 bits, aligned accesses only ----
 */
#define H2_RO 1
#define H2_RW 2
#define H2_W1C 3 /* write one to clear */
#define H2_REGISTERS(X)                                                                      \
  X(ID, 0x000, H2_RO, H2_ID, "identification, H2_ID")                                        \
  X(VERSION, 0x004, H2_RO, H2_VERSION, "contract version")                                   \
  X(CAPABILITIES, 0x008, H2_RO, 0, "H2_CAP_* fields")                                        \
  X(TILE, 0x00C, H2_RO, 0, "tile payload: height in bits 15:0, width in bits 31:16")         \
  X(MEMORY_SIZE, 0x010, H2_RO, 0, "capacity of each MemN in units of 1 MiB")                 \
  X(CONTROL, 0x020, H2_RW, 0, "H2_CONTROL_* bits")                                           \
  X(STATUS, 0x024, H2_RO, 0, "H2_STATUS_* bits")                                             \
  X(IRQ_STATUS, 0x028, H2_W1C, 0, "H2_IRQ_* bits, write one to clear")                       \
  X(IRQ_MASK, 0x02C, H2_RW, 0, "H2_IRQ_* bits that raise the interrupt line")                \
  X(RING_BASE_LO, 0x030, H2_RW, 0, "descriptor ring address, bits 31:0, 64 B aligned")       \
  X(RING_BASE_HI, 0x034, H2_RW, 0, "descriptor ring address, bits 63:32")                    \
  X(RING_SIZE, 0x038, H2_RW, 0, "entries of both rings, power of two, 2..1024")              \
  X(RING_HEAD, 0x03C, H2_RO, 0, "next descriptor the card fetches")                          \
  X(RING_TAIL, 0x040, H2_RW, 0, "doorbell: next descriptor the driver will fill")            \
  X(COMPLETION_BASE_LO, 0x044, H2_RW, 0, "completion ring address, bits 31:0, 64 B aligned") \
  X(COMPLETION_BASE_HI, 0x048, H2_RW, 0, "completion ring address, bits 63:32")              \
  X(COMPLETION_HEAD, 0x04C, H2_RO, 0, "next completion the card will write")                 \
  X(COMPLETION_TAIL, 0x050, H2_RW, 0, "next completion the driver will read")                \
  X(ERROR, 0x054, H2_RO, 0, "last H2_ERR_* code; cleared by clearing H2_IRQ_ERROR")          \
  X(ERROR_TAG, 0x058, H2_RO, 0, "tag of the descriptor that failed, or offset of the register")

#define H2_REG_ENUM_(name, offset, access, reset, text) H2_REG_##name = (offset),
enum { H2_REGISTERS(H2_REG_ENUM_) H2_REG_END_ };
#undef H2_REG_ENUM_

#define H2_CAP_VALUE_BYTES(caps) ((caps)&0xFFU) /* bytes of one stored value: 2 FP16, 4 FP32 */
#define H2_CAP_RING_MAX(caps) (((caps) >> 16) & 0xFFFFU)
#define H2_RING_MAX 1024U

#define H2_CONTROL_ENABLE 0x1U
#define H2_CONTROL_RESET 0x2U /* soft reset; reads 0 again when done */

#define H2_STATUS_ENABLED 0x1U
#define H2_STATUS_BUSY 0x2U  /* a descriptor is accepted and not completed */
#define H2_STATUS_ERROR 0x4U /* until H2_IRQ_ERROR is cleared */

#define H2_IRQ_COMPLETION 0x1U
#define H2_IRQ_ERROR 0x2U

/* ---- Descriptor ------------------------------------------------------------------------------ */
#define H2_DESCRIPTOR_VERSION 1U
enum h2_opcode {
  H2_OP_FORWARD = 1,         /* all layers on FE */
  H2_OP_BACKWARD = 2,        /* last layer's Grad, then all layers downwards on BE */
  H2_OP_WEIGHT_GRADIENT = 3, /* on WUE, each layer as soon as backward `depends` has its grad-u */
  H2_OP_UPDATE = 4           /* optimiser step of all layers on WUE */
};
#define H2_DESC_FIRST 0x1U     /* first sub-batch of a group: overwrite grad-w instead of adding */
#define H2_DESC_LAST 0x2U      /* last sub-batch of a group */
#define H2_DESC_INFERENCE 0x4U /* forward stores spikes only */

typedef struct h2_descriptor {
  uint8_t version;  /* H2_DESCRIPTOR_VERSION */
  uint8_t opcode;   /* enum h2_opcode */
  uint16_t flags;   /* H2_DESC_* */
  uint32_t size;    /* sizeof(h2_descriptor) */
  uint32_t tag;     /* not 0, unique among descriptors in flight */
  uint32_t depends; /* weight gradient: tag of the backward descriptor of the same sub-batch */
  uint16_t memory;  /* 0 or 1: the MemN that holds this sub-batch */
  uint16_t samples; /* 1..sub_batch of the network table */
  uint32_t step;    /* update: 1, 2, ...: optimiser step number */
  uint64_t table;   /* address of the network table */
  uint64_t input;   /* address of the sub-batch's input tensor */
  uint64_t output_gradient; /* backward: address of grad-s of the last layer */
  uint64_t reserved[2];     /* 0 */
} h2_descriptor;

typedef struct h2_completion {
  uint32_t tag;
  uint32_t status; /* enum h2_error */
  uint32_t layer;  /* of the failure, counted from 1; 0 otherwise */
  uint32_t reserved;
  uint64_t start_cycle, end_cycle; /* core cycles since reset */
} h2_completion;

enum h2_error {
  H2_OK = 0,
  H2_ERR_VERSION = 1, /* descriptor or table version */
  H2_ERR_OPCODE = 2,
  H2_ERR_SIZE = 3,        /* descriptor size, reserved bits, samples */
  H2_ERR_ALIGNMENT = 4,   /* an address that is not a multiple of H2_TENSOR_ALIGN */
  H2_ERR_ADDRESS = 5,     /* an address outside the memory the tensor belongs to */
  H2_ERR_TABLE = 6,       /* network table: magic, checksum, impossible shapes */
  H2_ERR_DEPENDENCY = 7,  /* `depends` names no accepted backward descriptor */
  H2_ERR_BUS = 8,         /* a transaction of an engine got an error response */
  H2_ERR_OVERFLOW = 9,    /* a gradient is not finite: lower the loss scale or learning rate */
  H2_ERR_DOORBELL = 10,   /* tail out of range, stale, or rung while disabled */
  H2_ERR_RING = 11,       /* ring base or size illegal */
  H2_ERR_REGISTER = 12,   /* unmapped, misaligned or read-only register written */
  H2_ERR_COMPLETION = 13, /* completion ring overrun */
  H2_ERR_CAPACITY = 14    /* a tile set does not fit a GLB */
};

/* ---- Network table: one header, then one record per layer ------------------------------------ */
#define H2_TABLE_MAGIC UINT32_C(0x4832544C)
#define H2_TABLE_VERSION 1U
#define H2_TENSOR_ALIGN 64U
#define H2_MAX_LAYERS 64U

enum h2_optimizer { H2_OPT_SGD = 0, H2_OPT_ADAM = 1 };
#define H2_TABLE_STATIC_ONCE 0x1U /* charge a static input's spatial sum once for all timesteps */

typedef struct h2_table {
  uint32_t magic, version;
  uint32_t layers, layer_size; /* records behind this header, bytes of one */
  uint32_t timesteps, sub_batch;
  uint32_t flags, optimizer;
  float alpha, th_f, th_l, th_r, beta; /* neuron */
  float learning_rate, momentum, beta1, beta2, epsilon, loss_scale;
  uint32_t checksum; /* of header (this field 0) and records: h2_checksum() */
} h2_table;

enum h2_layer_kind { H2_LAYER_CONV = 0, H2_LAYER_FC = 1 };
enum h2_pool { H2_POOL_NONE = 0, H2_POOL_AFTER_SOMA = 1, H2_POOL_BEFORE_SOMA = 2 };
#define H2_LAYER_ENCODING 0x1U /* input is static 8-bit pixels */

/* Offsets count from the base of the descriptor's Mem0 or Mem1, the last four from Mem2. */
typedef struct h2_layer {
  uint16_t kind, flags, pool, planes;
  uint32_t cin, cout;
  uint16_t kernel, stride;
  uint16_t in_height, in_width;
  uint64_t weights;                    /* values, blocked order (h2_layout.h) */
  uint64_t spikes;                     /* bits at Soma positions */
  uint64_t pooled;                     /* bit planes of AP2 on spikes; 0 if none */
  uint64_t potential;                  /* conv: packed values in slots; FC: dense values */
  uint64_t mask;                       /* bits, Eq. (5) */
  uint64_t gradient;                   /* grad-u, dense values at Soma positions */
  uint64_t gradient_mask;              /* bits, Eq. (6); conv only, 0 for FC */
  uint64_t weight_gradient;            /* Mem2: values, as weights */
  uint64_t master, momentum, variance; /* Mem2: FP32, as weights; variance 0 for SGD */
} h2_layer;

#ifdef __cplusplus
#define H2_STATIC_ASSERT(c, m) static_assert(c, m)
#else
#define H2_STATIC_ASSERT(c, m) _Static_assert(c, m)
#endif
H2_STATIC_ASSERT(sizeof(h2_descriptor) == 64, "descriptor is 64 bytes");
H2_STATIC_ASSERT(sizeof(h2_completion) == 32, "completion is 32 bytes");
H2_STATIC_ASSERT(sizeof(h2_table) == 80, "table header is 80 bytes");
H2_STATIC_ASSERT(sizeof(h2_layer) == 112, "layer record is 112 bytes");

#endif
