// SPDX-License-Identifier: Apache-2.0
/* Hardware/software contract of the SpinAPS card beyond what all cards share (h2_contract.h:
 * registers, rings, bytes 0 to 15 of a descriptor, completions): its identification, opcodes,
 * descriptor, network table, tensors, and the errors of its own. Plain C; all fields are
 * little-endian. */
#ifndef SPINAPS_CONTRACT_H
#define SPINAPS_CONTRACT_H

#include "modules/contract/h2_contract.h"

#define SA_ID UINT32_C(0x53504153) /* "SAPS" in memory order */

/* The card infers; the opcodes 2 to 4 of the H2Learn family are refused with SA_ERR_TRAINING. */
#define SA_OP_INFER 1U   /* samples one after another, a result each */
#define SA_OP_PROGRAM 5U /* weights into the arrays, biases and sigmoid table into the neurons */

/* Status codes behind those of enum h2_error and enum sf_error. X(name, value, description) */
#define SA_ERRORS(X)                                                                         \
  X(TRAINING, 80, "a training opcode: SpinAPS is trained on the host")                       \
  X(SHAPE, 81, "inputs, classes, tau, T, weight bits or scale of the network out of range")  \
  X(ARRAY, 82, "the arrays are too small for the weights of the network")                    \
  X(PROGRAMMED, 83, "inference without a PROGRAM of this network table before it")           \
  X(SEED, 84, "seed 0, from which the generator never moves")                                \
  X(DEADLINE, 85, "a deadline of 0 steps or beyond the T of the network")                    \
  X(SIGMOID, 86, "a sigmoid table that falls somewhere")                                     \
  X(WEIGHT, 87, "a weight that does not fit the bits of the network's weights")              \
  X(WRITE, 88, "a slice of an array did not read back what was written in all its attempts") \
  X(ENDURANCE, 89, "a slice of an array was written more often than its cells survive")
#define SA_ERROR_ENUM_(name, value, text) SA_ERR_##name = (value),
enum sa_error { SA_ERRORS(SA_ERROR_ENUM_) SA_ERR_END_ };
#undef SA_ERROR_ENUM_

#define SA_FLAG_EARLY_STOP 0x1U /* a sample ends with the first spike */
#define SA_FLAG_LARGEST 0x2U    /* undecided: the largest potential; without: none */

/* X(type, name, offset, description); the first five are those of every descriptor. */
#define SA_DESCRIPTOR_FIELDS(X)                                                  \
  X(uint8_t, version, 0, "H2_DESCRIPTOR_VERSION")                                \
  X(uint8_t, opcode, 1, "SA_OP_*")                                               \
  X(uint16_t, flags, 2, "infer: SA_FLAG_*; program: 0")                          \
  X(uint32_t, size, 4, "bytes of the descriptor")                                \
  X(uint32_t, tag, 8, "not 0, unique among descriptors in flight")               \
  X(uint32_t, depends, 12, "0")                                                  \
  X(uint16_t, reserved0, 16, "0")                                                \
  X(uint16_t, samples, 18, "infer: 1..samples of the table; program: 0")         \
  X(uint32_t, deadline, 20, "infer: steps, 1..T; program: 0")                    \
  X(uint64_t, table, 24, "address of the network table")                         \
  X(uint64_t, input, 32, "infer: address of the spikes; program: 0")             \
  X(uint64_t, results, 40, "infer: address of the results; program: 0")          \
  X(uint32_t, seed, 48, "infer: 1..65535, of sample 0; program: 0")              \
  X(uint32_t, first, 52, "infer: number of the first sample, added to the seed") \
  X(uint64_t, reserved1, 56, "0")

#define SA_TABLE_MAGIC UINT32_C(0x54504153) /* "SAPT" */
#define SA_TABLE_VERSION 1U
#define SA_MAX_INPUTS 65535U
#define SA_MAX_CLASSES 1024U
#define SA_MAX_TAU 64U
#define SA_MAX_STEPS 1024U
#define SA_SIGMOID_ENTRIES 256U

/* Addresses are those of the system address map, 64 B aligned. */
#define SA_TABLE_FIELDS(X)                                                            \
  X(uint32_t, magic, 0, "SA_TABLE_MAGIC")                                             \
  X(uint32_t, version, 4, "SA_TABLE_VERSION")                                         \
  X(uint32_t, inputs, 8, "N, 1..65535")                                               \
  X(uint32_t, classes, 12, "C, 1..1024: neurons")                                     \
  X(uint32_t, tau, 16, "1..64: steps that a spike acts for")                          \
  X(uint32_t, steps, 20, "T, 1..1024")                                                \
  X(uint32_t, weight_bits, 24, "2..8")                                                \
  X(uint32_t, scale, 28, "units of u that 1.0 is, in 1/65536; 1 or more")             \
  X(uint32_t, samples, 32, "most samples of a descriptor, 1..1024")                   \
  X(uint32_t, reserved, 36, "0")                                                      \
  X(uint64_t, weights, 40, "int8 Q[d][j][c], d = 1..tau, input j, class c")           \
  X(uint64_t, biases, 48, "int32 gamma[c]")                                           \
  X(uint64_t, sigmoid, 56, "uint16, SA_SIGMOID_ENTRIES, never falling")               \
  X(uint32_t, generation, 64, "chosen by the driver: another one is another network") \
  X(uint32_t, checksum, 68, "h2_checksum() of the table, this field 0")

/* One per sample. X as above */
#define SA_RESULT_FIELDS(X)                                                          \
  X(int32_t, winner, 0, "class; -1: none")                                           \
  X(uint32_t, step, 4, "of the first spike, from 1; 0: no neuron fired")             \
  X(int32_t, potential, 8, "u of the winner when it was chosen, of class 0 without") \
  X(uint32_t, steps, 12, "steps that were computed")

#define SA_MEMBER_(type, name, offset, text) type name;
typedef struct sa_descriptor {
  SA_DESCRIPTOR_FIELDS(SA_MEMBER_)
} sa_descriptor;
typedef struct sa_table {
  SA_TABLE_FIELDS(SA_MEMBER_)
} sa_table;
typedef struct sa_result {
  SA_RESULT_FIELDS(SA_MEMBER_)
} sa_result;
#undef SA_MEMBER_
H2_STATIC_ASSERT(sizeof(sa_descriptor) == sizeof(h2_descriptor), "one size of descriptors");
H2_STATIC_ASSERT(sizeof(sa_table) == 72, "table is 72 bytes");
H2_STATIC_ASSERT(sizeof(sa_result) == 16, "result is 16 bytes");
#define SA_PLACE_(record, type, name, offset)                                           \
  H2_STATIC_ASSERT(                                                                     \
      offsetof(record, name) == (offset) && sizeof(((record*)0)->name) == sizeof(type), \
      #record "." #name " is at " #offset);
#define SA_PLACE_DESCRIPTOR_(type, name, offset, text) SA_PLACE_(sa_descriptor, type, name, offset)
#define SA_PLACE_TABLE_(type, name, offset, text) SA_PLACE_(sa_table, type, name, offset)
#define SA_PLACE_RESULT_(type, name, offset, text) SA_PLACE_(sa_result, type, name, offset)
SA_DESCRIPTOR_FIELDS(SA_PLACE_DESCRIPTOR_)
SA_TABLE_FIELDS(SA_PLACE_TABLE_)
SA_RESULT_FIELDS(SA_PLACE_RESULT_)
#undef SA_PLACE_
#undef SA_PLACE_DESCRIPTOR_
#undef SA_PLACE_TABLE_
#undef SA_PLACE_RESULT_

/* Spikes of a sample: a bit per input and step, steps one after another, input j in bit j % 8 of
 * byte j / 8 of its step; samples begin at multiples of 64 bytes. */
static inline uint64_t sa_sample_bytes(uint64_t inputs, uint64_t steps) {
  return ((inputs + 7) / 8 * steps + H2_TENSOR_ALIGN - 1) / H2_TENSOR_ALIGN * H2_TENSOR_ALIGN;
}

#endif
