// SPDX-License-Identifier: Apache-2.0
/* Sleeps for a simulated second, then computes for long without an access: no hang. */
#include "examples/firmware/common/soc.h"
#include "platform/host/riscv/h2_soc.h"

int main(void) {
  soc_enable_lines(SOC_TIMER);
  soc_set_timer(soc_time() + H2_SOC_TIMER_HZ);
  soc_wait_for_interrupt();
  if (soc_time() < H2_SOC_TIMER_HZ) return 1;
  for (uint32_t i = 0; i < 1000000; ++i) __asm__ volatile("nop");
  return 0;
}
