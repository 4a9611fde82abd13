// SPDX-License-Identifier: Apache-2.0
/* Interrupts at arbitrary places of a computation: each is taken once, and none changes its result.
 */
#include <stdio.h>

#include "examples/firmware/common/soc.h"

enum { ROUNDS = 1000 };

static volatile unsigned timer_count, external_count, other;

static uint32_t on_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  (void)value;
  if (cause == (SOC_INTERRUPT | 7U)) {
    ++timer_count;
    soc_set_timer(timer_count < ROUNDS ? soc_time() + 1 + timer_count % 7 : ~UINT64_C(0));
  } else if (cause == (SOC_INTERRUPT | 11U)) {
    ++external_count;
    soc_write(H2_REGS_BASE + H2_REG_IRQ_STATUS, H2_IRQ_ERROR);
  } else if (cause == SOC_STORE_FAULT) { /* how this test makes the card complain */
    return soc_next_instruction(pc);
  } else {
    ++other;
  }
  return pc;
}

static uint32_t mix(uint32_t a, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) a = (a ^ a << 13 ^ i) * 2654435761U;
  return a;
}

int main(void) {
  const uint32_t expected = mix(1, 2000);
  soc_set_trap_handler(on_trap);
  soc_write(H2_REGS_BASE + H2_REG_IRQ_MASK, H2_IRQ_ERROR);
  soc_enable_lines(SOC_TIMER | SOC_EXTERNAL);
  soc_set_timer(soc_time() + 3);
  soc_interrupts_on();
  unsigned wrong = 0;
  for (unsigned i = 0; i < ROUNDS; ++i) {
    soc_write(H2_REGS_BASE + H2_REG_ID, i);
    wrong += external_count != i + 1;
  }
  while (timer_count < ROUNDS) wrong += mix(1, 2000) != expected;
  soc_set_timer(~UINT64_C(0));
  printf("timer %u, external %u, other %u, wrong %u\n", timer_count, external_count, other, wrong);
  return timer_count != ROUNDS || external_count != ROUNDS || other != 0 || wrong != 0;
}
