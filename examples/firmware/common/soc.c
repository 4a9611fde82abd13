// SPDX-License-Identifier: Apache-2.0
#include "examples/firmware/common/soc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/host/riscv/h2_soc.h"

void soc_trap_entry(void);
uint32_t soc_trap(uint32_t cause, uint32_t pc, uint32_t value);

/* ---- C library ------------------------------------------------------------------------------- */

static int put_char(char c, FILE* file) {
  (void)file;
  soc_write(H2_SOC_UART_BASE + H2_SOC_UART_TXDATA, (uint8_t)c);
  return (uint8_t)c;
}

static FILE console = FDEV_SETUP_STREAM(put_char, NULL, NULL, _FDEV_SETUP_WRITE);
FILE* const stdout = &console;
FILE* const stderr = &console;

void _exit(int code) {
  const uint32_t status =
      code == 0 ? H2_SOC_FINISHER_PASS : ((uint32_t)code & 0xFFFFU) << 16 | H2_SOC_FINISHER_FAIL;
  soc_write(H2_SOC_FINISHER_BASE, status);
  for (;;) soc_wait_for_interrupt();
}

/* ---- Traps ----------------------------------------------------------------------------------- */

static uint32_t report_and_exit(uint32_t cause, uint32_t pc, uint32_t value) {
  printf("unexpected trap: mcause 0x%08lx, mepc 0x%08lx, mtval 0x%08lx\n", (unsigned long)cause,
         (unsigned long)pc, (unsigned long)value);
  exit(1);
}

static soc_trap_handler handler = report_and_exit;

void soc_set_trap_handler(soc_trap_handler new_handler) { handler = new_handler; }

uint32_t soc_trap(uint32_t cause, uint32_t pc, uint32_t value) { return handler(cause, pc, value); }

uint32_t soc_next_instruction(uint32_t pc) {
  return pc + ((*(const volatile uint16_t*)(uintptr_t)pc & 3U) == 3U ? 4U : 2U);
}

__attribute__((constructor)) static void install_traps(void) {
  __asm__ volatile("csrw mtvec, %0" ::"r"(soc_trap_entry));
}

/* ---- Time ------------------------------------------------------------------------------------ */

uint64_t soc_time(void) {
  for (;;) {
    const uint32_t high = soc_read(H2_SOC_TIMER_BASE + H2_SOC_TIMER_MTIME + 4);
    const uint32_t low = soc_read(H2_SOC_TIMER_BASE + H2_SOC_TIMER_MTIME);
    if (soc_read(H2_SOC_TIMER_BASE + H2_SOC_TIMER_MTIME + 4) == high)
      return (uint64_t)high << 32 | low;
  }
}

void soc_set_timer(uint64_t time) {
  const uint32_t compare = H2_SOC_TIMER_BASE + H2_SOC_TIMER_MTIMECMP;
  soc_write(compare + 4, UINT32_MAX); /* no match in between */
  soc_write(compare, (uint32_t)time);
  soc_write(compare + 4, (uint32_t)(time >> 32));
}

/* ---- The card -------------------------------------------------------------------------------- */

int soc_dma(uint32_t direction, uint64_t card, const volatile void* ram, uint32_t bytes) {
  /* There is one DMA: a handler that used it in between would change what is being set up. */
  const uint32_t enabled = soc_interrupts_save();
  soc_write(H2_SOC_DMA_BASE + H2_SOC_DMA_CARD_LO, (uint32_t)card);
  soc_write(H2_SOC_DMA_BASE + H2_SOC_DMA_CARD_HI, (uint32_t)(card >> 32));
  soc_write(H2_SOC_DMA_BASE + H2_SOC_DMA_RAM, (uint32_t)(uintptr_t)ram);
  soc_write(H2_SOC_DMA_BASE + H2_SOC_DMA_BYTES, bytes);
  __asm__ volatile("fence" ::: "memory");
  soc_write(H2_SOC_DMA_BASE + H2_SOC_DMA_CONTROL, direction);
  __asm__ volatile("fence" ::: "memory");
  const uint32_t status = soc_read(H2_SOC_DMA_BASE + H2_SOC_DMA_STATUS);
  soc_interrupts_restore(enabled);
  return status == H2_SOC_DMA_DONE ? 0 : 1;
}

static int is_register(uint64_t address, size_t bytes) {
  return address >= H2_REGS_BASE && address - H2_REGS_BASE < H2_REGS_SIZE && bytes == 4;
}

/* In RAM, where the card may have read or written since the last look. */
static void* ram(uint64_t address, size_t bytes) {
  const uint64_t offset = address - H2_SOC_RAM_BASE;
  if (offset >= H2_SOC_RAM_SIZE || bytes > H2_SOC_RAM_SIZE - offset) return NULL;
  __asm__ volatile("fence" ::: "memory");
  return (void*)(uintptr_t)address;
}

static int bus_read(void* context, uint64_t address, void* data, size_t bytes) {
  (void)context;
  const void* here = ram(address, bytes);
  if (here != NULL) {
    memcpy(data, here, bytes);
    return 0;
  }
  if (!is_register(address, bytes)) return soc_dma(H2_SOC_DMA_READ, address, data, bytes);
  *(uint32_t*)data = soc_read((uint32_t)address);
  return 0;
}

static int bus_write(void* context, uint64_t address, const void* data, size_t bytes) {
  (void)context;
  void* here = ram(address, bytes);
  if (here != NULL) {
    memcpy(here, data, bytes);
    __asm__ volatile("fence" ::: "memory"); /* before the doorbell */
    return 0;
  }
  if (!is_register(address, bytes)) return soc_dma(H2_SOC_DMA_WRITE, address, data, bytes);
  soc_write((uint32_t)address, *(const uint32_t*)data);
  return 0;
}

static int bus_wait_irq(void* context) {
  (void)context;
  soc_interrupts_off();
  soc_enable_lines(SOC_EXTERNAL);
  while ((soc_pending() & SOC_EXTERNAL) == 0) soc_wait_for_interrupt();
  return 0;
}

const h2_bus soc_bus = {.read = bus_read, .write = bus_write, .wait_irq = bus_wait_irq};
