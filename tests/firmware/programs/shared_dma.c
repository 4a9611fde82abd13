// SPDX-License-Identifier: Apache-2.0
/* An interrupt handler that reads card memory by the host DMA while the main program moves blocks
 * by it: neither sees the other's data. */
#include <stdio.h>
#include <string.h>

#include "examples/firmware/common/soc.h"
#include "platform/host/riscv/h2_soc.h"

enum { ROUNDS = 300, WORDS = 40 };

static volatile unsigned interrupts, wrong;
static uint32_t mark = 0x600DCAFE, seen;

static uint32_t on_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  (void)value;
  if (cause != (SOC_INTERRUPT | 7U)) return pc;
  seen = 0;
  wrong += soc_dma(H2_SOC_DMA_READ, H2_MEM_BASE(1) + 64, &seen, sizeof seen) != 0;
  wrong += seen != mark;
  /* From 0.1 us on, so that it falls between any two stores of the main program. */
  soc_set_timer(soc_time() + 1 + ++interrupts % 5);
  return pc;
}

int main(void) {
  static uint32_t out[WORDS], in[WORDS];
  soc_set_trap_handler(on_trap);
  if (soc_dma(H2_SOC_DMA_WRITE, H2_MEM_BASE(1) + 64, &mark, sizeof mark)) return 1;
  soc_enable_lines(SOC_TIMER);
  soc_set_timer(soc_time() + 2);
  soc_interrupts_on();
  for (uint32_t n = 0; n < ROUNDS; ++n) {
    for (uint32_t i = 0; i < WORDS; ++i) out[i] = n * 77 + i;
    memset(in, 0, sizeof in);
    wrong += soc_dma(H2_SOC_DMA_WRITE, H2_MEM_BASE(0) + 4 * n, out, sizeof out) != 0;
    wrong += soc_dma(H2_SOC_DMA_READ, H2_MEM_BASE(0) + 4 * n, in, sizeof in) != 0;
    wrong += memcmp(in, out, sizeof out) != 0;
  }
  soc_interrupts_off();
  printf("%s, %u wrong\n", interrupts > ROUNDS ? "interrupted" : "too quiet", wrong);
  return wrong != 0 || interrupts <= ROUNDS;
}
