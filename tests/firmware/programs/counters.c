// SPDX-License-Identifier: Apache-2.0
/* What a millisecond of sleep adds to the counters: mcycle is time, minstret is instructions. */
#include <stdio.h>

#include "examples/firmware/common/soc.h"
#include "platform/host/riscv/h2_soc.h"

#define READ_CSR(csr)                                  \
  __extension__({                                      \
    uint32_t value_;                                   \
    __asm__ volatile("csrr %0, " #csr : "=r"(value_)); \
    value_;                                            \
  })

int main(void) {
  soc_enable_lines(SOC_TIMER);
  const uint64_t end = soc_time() + H2_SOC_TIMER_HZ / 1000;
  soc_set_timer(end);
  const uint32_t cycles = READ_CSR(mcycle), instructions = READ_CSR(minstret);
  while (soc_time() < end) soc_wait_for_interrupt();
  const uint32_t slept = READ_CSR(mcycle) - cycles, executed = READ_CSR(minstret) - instructions;
  printf("cycles %lu instructions %lu\n", (unsigned long)slept, (unsigned long)executed);
  return 0;
}
