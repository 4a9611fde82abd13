// SPDX-License-Identifier: Apache-2.0
/* Sleeps although nothing can wake it: the watchdog names the function. */
#include "examples/firmware/common/soc.h"

__attribute__((noinline)) static void sleep_for_ever(void) {
  for (;;) soc_wait_for_interrupt();
}

int main(void) {
  soc_enable_lines(SOC_EXTERNAL);
  sleep_for_ever();
}
