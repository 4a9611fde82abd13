// SPDX-License-Identifier: Apache-2.0
/* What the register table of h2_contract.h leaves out and tools that read exports of it want to
 * know: names of values, and what the card does to a register by itself. Plain C. */
#ifndef H2_REGISTER_DETAILS_H
#define H2_REGISTER_DETAILS_H

#include "modules/contract/h2_contract.h"

/* X(register, field, name, value, description): the values of a field, where they have names. Those
 * of ERROR are H2_ERRORS. */
#define H2_FIELD_VALUES(X)                                  \
  X(CAPABILITIES, VALUE_BYTES, FP16, 2, "half precision")   \
  X(CAPABILITIES, VALUE_BYTES, FP32, 4, "single precision") \
  X(INJECT, KIND, NONE, 0, "no fault")                      \
  X(INJECT, KIND, ERROR, 1, "error response")               \
  X(INJECT, KIND, SILENCE, 2, "no response at all")         \
  X(INJECT, ENGINE, FORWARD, 0, "Forward Engine")           \
  X(INJECT, ENGINE, BACKWARD, 1, "Backward Engine")         \
  X(INJECT, ENGINE, WEIGHT_UPDATE, 2, "Weight Update Engine")

/* X(register): the value never changes; that of the last three follows from the configuration. */
#define H2_CONSTANT_REGISTERS(X) X(ID) X(VERSION) X(CAPABILITIES) X(TILE) X(MEMORY_SIZE)

/* X(register): software writes it, and so does the card. */
#define H2_CARD_WRITTEN_REGISTERS(X) X(LAST_STEP)

/* X(register, field): the card sets it to 0 when what was asked for is done. */
#define H2_SELF_CLEARING_FIELDS(X) \
  X(CONTROL, RESET) X(INJECT, KIND) X(INJECT, ENGINE) X(INJECT, AFTER)

/* Bytes from a window's registers to the next one's. */
#define H2_WINDOW_STRIDE (H2_REG_WINDOW_BASE(1) - H2_REG_WINDOW_BASE(0))

#endif
