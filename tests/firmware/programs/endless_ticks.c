// SPDX-License-Identifier: Apache-2.0
/* Sleeps from tick to tick of its timer and never ends by itself. */
#include <stdio.h>

#include "examples/firmware/common/soc.h"

int main(void) {
  puts("asleep");
  soc_enable_lines(SOC_TIMER);
  for (;;) {
    soc_set_timer(soc_time() + 10000); /* 1 ms */
    soc_wait_for_interrupt();
  }
}
