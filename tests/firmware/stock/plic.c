// SPDX-License-Identifier: Apache-2.0
/* Interrupts by the book: the timer's from the CLINT, the console's transmitter through the PLIC.
 */
#include "tests/firmware/stock/start.h"

#define FINISHER 0x00100000U

enum { SOURCE = 4, TICKS = 5 };

static volatile uint32_t ticks, externals, spurious;

static void set_timer(uint32_t from_now) {
  const uint32_t low = REG(CLINT + 0xBFF8) + from_now;
  REG(CLINT + 0x4004) = 0;
  REG(CLINT + 0x4000) = low;
}

__attribute__((interrupt("machine"), aligned(4))) static void on_trap(void) {
  uint32_t cause;
  __asm__ volatile("csrr %0, mcause" : "=r"(cause));
  if (cause == 0x80000007U) {
    ++ticks;
    set_timer(100);
  } else if (cause == 0x8000000BU) {
    const uint32_t source = REG(PLIC + 0x200004);
    if (source == SOURCE) {
      ++externals;
      if (externals == 3) REG(UART + 0x10) = 0; /* silence the source */
    } else {
      ++spurious;
    }
    REG(PLIC + 0x200004) = source;
  } else {
    ++spurious;
  }
}

void start_main(void) {
  uint32_t wrong = 0;
  for (uint32_t source = 1; source < 54; ++source) REG(PLIC + 4 * source) = 0;
  REG(PLIC + 0x2000) = 0;
  REG(PLIC + 0x2004) = 0;
  REG(PLIC + 0x200000) = 0;
  __asm__ volatile("csrw mtvec, %0\ncsrw mie, %1" ::"r"(on_trap), "r"(1U << 7 | 1U << 11));
  set_timer(100);
  REG(UART + 0x08) = 1 << 16 | 1; /* transmitter, watermark 1: always below it */
  REG(UART + 0x10) = 1;
  __asm__ volatile("csrsi mstatus, 8");

  while (ticks < TICKS) SLEEP_UNLESS(ticks >= TICKS);
  wrong += externals != 0; /* not enabled in the PLIC */
  wrong += (REG(PLIC + 0x1000) & 1U << SOURCE) == 0;
  REG(PLIC + 4 * SOURCE) = 3;
  REG(PLIC + 0x200000) = 3; /* threshold: not above it */
  REG(PLIC + 0x2000) = 1U << SOURCE;
  wrong += externals != 0;
  REG(PLIC + 0x200000) = 2;
  while (externals < 3) SLEEP_UNLESS(externals >= 3);
  wrong += externals != 3 || spurious != 0;
  REG(FINISHER) = wrong == 0 ? 0x5555 : wrong << 16 | 0x3333;
}
