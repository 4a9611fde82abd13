// SPDX-License-Identifier: Apache-2.0
#include "examples/firmware/common/soc.h"
#include "tests/firmware/programs/integer_loop.h"

int main(void) {
  return integer_loop(INTEGER_LOOP_STEPS) == 0x1234; /* not so; the loop must be computed */
}
