// SPDX-License-Identifier: Apache-2.0
/* A driver that polls, with pauses by the timer, while a memory never answers the card. */
#include <stdio.h>

#include "examples/firmware/common/small_training.h"
#include "examples/firmware/common/soc.h"

/* At the doorbell the third transaction of the Forward Engine loses its answer. */
static int write_and_inject(void* context, uint64_t address, const void* data, size_t bytes) {
  if (address == H2_REGS_BASE + H2_REG_RING_TAIL)
    soc_write(H2_REGS_BASE + H2_REG_INJECT, H2_PUT(INJECT, KIND, 2) | H2_PUT(INJECT, AFTER, 2));
  return soc_bus.write(context, address, data, bytes);
}

static int poll_for_completion(void* context) {
  (void)context;
  while (soc_read(H2_REGS_BASE + H2_REG_IRQ_STATUS) == 0) {
    const uint64_t end = soc_time() + 100;
    while (soc_time() < end) continue;
  }
  return 0;
}

static void print(const char* text) { fputs(text, stdout); }

int main(void) {
  h2_bus bus = soc_bus;
  bus.write = write_and_inject;
  bus.wait_irq = poll_for_completion;
  uint64_t digest = 0;
  return h2_small_training(&bus, print, &digest);
}
