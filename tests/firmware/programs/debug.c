// SPDX-License-Identifier: Apache-2.0
/* Something to look at with a debugger. Ends when one sets `finish`. */
#include <stdio.h>

#include "examples/firmware/common/soc.h"

volatile uint32_t counter;
volatile int finish;

__attribute__((noinline, noipa)) uint32_t add(uint32_t a, uint32_t b) { return a + b; }

int main(void) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 10; ++i) {
    sum = add(sum, i);
    counter = sum;
  }
  soc_write(H2_REGS_BASE + H2_REG_WINDOW_BASE(0), 0x123);
  while (finish == 0) {
    counter = add(counter, 1);
    if (counter == 1000) puts("running");
  }
  return finish;
}
