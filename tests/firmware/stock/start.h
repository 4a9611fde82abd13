// SPDX-License-Identifier: Apache-2.0
/* A bare-metal program as it comes from elsewhere: it knows the usual addresses of RISC-V machines
 * and nothing of this one; linked at 0x80000000 with the linker's own script, so that the file's
 * headers lie in its first segment. */
#ifndef H2_STOCK_START_H
#define H2_STOCK_START_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t*)(uintptr_t)(address))
#define BYTE(address) (*(volatile uint8_t*)(uintptr_t)(address))

#define CLINT 0x02000000U
#define PLIC 0x0C000000U
#define UART 0x10010000U

void start_main(void);

/* Sleeps until something happened, unless `condition` holds already. */
#define SLEEP_UNLESS(condition)                \
  do {                                         \
    __asm__ volatile("csrci mstatus, 8");      \
    if (!(condition)) __asm__ volatile("wfi"); \
    __asm__ volatile("csrsi mstatus, 8");      \
  } while (0)

__attribute__((aligned(16))) char start_stack[4096];

__attribute__((naked, section(".text.unlikely"))) void _start(void) {
  __asm__ volatile(
      ".option push\n.option norelax\nla gp, __global_pointer$\n.option pop\n"
      "la sp, start_stack + 4096\n"
      "csrr t0, mhartid\n"
      "1: bnez t0, 1b\n" /* other harts wait */
      "call start_main\n"
      "2: wfi\nj 2b");
}

#endif
