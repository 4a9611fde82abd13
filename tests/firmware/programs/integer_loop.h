// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FIRMWARE_PROGRAMS_INTEGER_LOOP_H_
#define TESTS_FIRMWARE_PROGRAMS_INTEGER_LOOP_H_

#include <stdint.h>

/* Integer work in registers, for measuring how fast instructions are executed: on the guest, and
 * natively beside it. The result depends on every step. */
static inline uint32_t integer_loop(uint32_t steps) {
  uint32_t a = 1, b = 2;
  for (uint32_t i = 0; i < steps; ++i) {
    a ^= a << 13;
    a ^= a >> 17;
    a ^= a << 5;
    b = b * 33 + a;
  }
  return b;
}

enum { INTEGER_LOOP_STEPS = 20000000 };

#endif
