// SPDX-License-Identifier: Apache-2.0
/* Unhandled traps, chosen by a debugger that sets `kind`. */
#include "examples/firmware/common/soc.h"

enum { ILLEGAL = 1, LOAD, BREAK, CALL, MISALIGNED, INTERRUPT, SLEEP };

volatile int kind;

__attribute__((noinline, noipa)) void go_to_sleep(void) {
  soc_enable_lines(0);
  soc_wait_for_interrupt();
  soc_wait_for_interrupt();
}

int main(void) {
  uint32_t word[2] = {0, 0};
  __asm__ volatile("csrw mtvec, zero");
  switch (kind) {
    case ILLEGAL:
      __asm__ volatile(".word 0xffffffff");
      break;
    case LOAD:
      return (int)soc_read(0x40000004);
    case BREAK:
      __asm__ volatile(".option push\n.option norvc\nebreak\n.option pop\nc.ebreak");
      break;
    case CALL:
      __asm__ volatile("ecall");
      break;
    case MISALIGNED:
      __asm__ volatile("amoadd.w zero, zero, (%0)" ::"r"((uintptr_t)word + 2) : "memory");
      break;
    case INTERRUPT:
      soc_enable_lines(SOC_TIMER);
      soc_set_timer(0);
      soc_interrupts_on();
      break;
    case SLEEP:
      go_to_sleep();
      break;
    default:
      break;
  }
  return kind;
}
