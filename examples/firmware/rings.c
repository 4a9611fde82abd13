// SPDX-License-Identifier: Apache-2.0
/* Rings in the processor's own RAM: an interrupt handler takes completions with plain loads, while
 * the main program moves samples and results with the host DMA. Trains the network of train.c, with
 * the same weights, and prints what the handler saw. */
#include <inttypes.h>
#include <stdio.h>

#include "examples/firmware/common/small_training.h"
#include "examples/firmware/common/soc.h"
#include "platform/host/riscv/h2_soc.h"

/* The card may write to the whole page. */
static union {
  struct {
    h2_descriptor descriptors[H2_DRIVER_RING];
    h2_completion completions[H2_DRIVER_RING];
  } ring;
  uint8_t page[H2_WINDOW_PAGE];
} rings __attribute__((aligned(H2_WINDOW_PAGE)));

static volatile unsigned interrupts, completions, failed;
static volatile uint32_t longest; /* core cycles of a descriptor */
static uint32_t next;

static uint32_t card_read(uint32_t reg) { return soc_read(H2_REGS_BASE + reg); }

static uint32_t on_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  if (cause != (SOC_INTERRUPT | 11U)) {
    printf("mcause 0x%08" PRIx32 ", mtval 0x%08" PRIx32 "\n", cause, value);
    _Exit(1);
  }
  ++interrupts;
  /* First the reason, then the ring: what arrives in between interrupts again. */
  soc_write(H2_REGS_BASE + H2_REG_IRQ_STATUS, H2_IRQ_COMPLETION);
  for (const uint32_t head = card_read(H2_REG_COMPLETION_HEAD); next != head;
       next = (next + 1) % H2_DRIVER_RING) {
    const volatile h2_completion* c = &rings.ring.completions[next];
    const uint32_t cycles = (uint32_t)(c->end_cycle - c->start_cycle);
    failed += c->status != H2_OK;
    longest = cycles > longest ? cycles : longest;
    ++completions;
  }
  return pc;
}

/* The handler has taken the reason away: its count says that there is something new. */
static int wait_for_handler(void* context) {
  static unsigned known;
  (void)context;
  soc_interrupts_off(); /* or the interrupt could come between the look and the sleep */
  while (completions == known) {
    soc_wait_for_interrupt();
    soc_interrupts_on();
    soc_interrupts_off();
  }
  known = completions;
  soc_interrupts_on();
  return 0;
}

int main(void) {
  h2_bus bus = soc_bus;
  bus.wait_irq = wait_for_handler;
  soc_set_trap_handler(on_trap);
  soc_enable_lines(SOC_EXTERNAL);
  soc_interrupts_on();
  uint64_t digest = 0;
  const int error = h2_small_training_at(&bus, (uintptr_t)&rings, NULL, &digest);
  soc_interrupts_off();
  if (error) {
    printf("training failed: %s\n", h2_error_text(error));
    return 1;
  }
  printf("%u completions in %u interrupts, %u failed, longest descriptor %" PRIu32 " core cycles\n",
         completions, interrupts, failed, longest);
  printf("weights %08" PRIx32 "%08" PRIx32 "\n", (uint32_t)(digest >> 32), (uint32_t)digest);
  return failed != 0;
}
