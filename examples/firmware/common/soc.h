// SPDX-License-Identifier: Apache-2.0
/* What firmware on the RISC-V host of the card builds on: console and exit for the C library
 * (printf, exit), traps and interrupts, time, and the bus of the card's driver. */
#ifndef H2_FIRMWARE_SOC_H
#define H2_FIRMWARE_SOC_H

#include <stdint.h>

#include "platform/driver/h2_driver.h"

/* Bits of mie and mip: software, timer and external interrupt of machine mode. */
#define SOC_SOFTWARE (1U << 3)
#define SOC_TIMER (1U << 7)
#define SOC_EXTERNAL (1U << 11)

/* mcause */
#define SOC_INTERRUPT (UINT32_C(1) << 31)
#define SOC_FETCH_FAULT 1U
#define SOC_ILLEGAL 2U
#define SOC_BREAKPOINT 3U
#define SOC_LOAD_FAULT 5U
#define SOC_STORE_FAULT 7U
#define SOC_ECALL 11U

/* Registers of the card by word, RAM by memcpy, the card's memories through the host DMA; wait_irq
 * sleeps in wfi with interrupts masked. */
extern const h2_bus soc_bus;

/* Any access by word; a fault is a trap. */
static inline uint32_t soc_read(uint32_t address) {
  return *(const volatile uint32_t*)(uintptr_t)address;
}
static inline void soc_write(uint32_t address, uint32_t value) {
  *(volatile uint32_t*)(uintptr_t)address = value;
}

/* Handles a trap or interrupt with interrupts masked; returns the address to go on at. `value` is
 * mtval. The handler set at the start prints all three and exits with 1. */
typedef uint32_t (*soc_trap_handler)(uint32_t cause, uint32_t pc, uint32_t value);
void soc_set_trap_handler(soc_trap_handler handler);
/* Address behind the instruction at `pc`. */
uint32_t soc_next_instruction(uint32_t pc);

/* Which lines may interrupt, and whether any may. */
static inline void soc_enable_lines(uint32_t lines) {
  __asm__ volatile("csrw mie, %0" ::"r"(lines));
}
static inline void soc_interrupts_on(void) { __asm__ volatile("csrsi mstatus, 8" ::: "memory"); }
static inline void soc_interrupts_off(void) { __asm__ volatile("csrci mstatus, 8" ::: "memory"); }
/* Masks interrupts; returns what soc_interrupts_restore() needs. */
static inline uint32_t soc_interrupts_save(void) {
  uint32_t status;
  __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(status)::"memory");
  return status & 8U;
}
static inline void soc_interrupts_restore(uint32_t enabled) {
  if (enabled) soc_interrupts_on();
}
static inline void soc_wait_for_interrupt(void) { __asm__ volatile("wfi" ::: "memory"); }
static inline uint32_t soc_pending(void) {
  uint32_t lines;
  __asm__ volatile("csrr %0, mip" : "=r"(lines));
  return lines;
}

/* Simulated time in ticks of H2_SOC_TIMER_HZ. */
uint64_t soc_time(void);
/* The timer line is up from this time on; ~0 for never. */
void soc_set_timer(uint64_t time);

/* Moves a block between RAM and a system address; 0 on success. For the main program and interrupt
 * handlers alike: interrupts are masked while it uses the DMA. */
int soc_dma(uint32_t direction, uint64_t card, const volatile void* ram, uint32_t bytes);

#endif
