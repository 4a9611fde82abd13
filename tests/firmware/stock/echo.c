// SPDX-License-Identifier: Apache-2.0
/* Reads its console and answers: a line by looking, a line by interrupt. Bytes, as drivers of the
 * SiFive UART write them, and words. */
#include "tests/firmware/stock/start.h"

#define FINISHER 0x00100000U
#define RX_EMPTY 0x80000000U

static void put(uint8_t c) {
  while ((REG(UART) & 0x80000000U) != 0) {
  }
  BYTE(UART) = c;
}

static void say(const char* text) {
  while (*text != 0) put((uint8_t)*text++);
}

static volatile uint32_t lines;

__attribute__((interrupt("machine"), aligned(4))) static void on_trap(void) {
  const uint32_t source = REG(PLIC + 0x200004);
  for (;;) {
    const uint32_t received = REG(UART + 0x04);
    if ((received & RX_EMPTY) != 0) break;
    put((uint8_t)(received - ('a' <= received && received <= 'z' ? 32 : 0)));
    if (received == '\n') ++lines;
  }
  REG(PLIC + 0x200004) = source;
}

void start_main(void) {
  REG(UART + 0x08) = 1;
  REG(UART + 0x0C) = 1; /* receive; interrupt with one byte */
  say("> ");
  for (;;) {
    const uint32_t received = REG(UART + 0x04);
    if ((received & RX_EMPTY) != 0) continue;
    put((uint8_t)received);
    if (received == '\n') break;
  }
  REG(PLIC + 4 * 4) = 1;
  REG(PLIC + 0x2000) = 1U << 4;
  REG(PLIC + 0x200000) = 0;
  REG(UART + 0x10) = 2;
  __asm__ volatile("csrw mtvec, %0\ncsrw mie, %1\ncsrsi mstatus, 8" ::"r"(on_trap), "r"(1U << 11));
  while (lines == 0) SLEEP_UNLESS(lines != 0);
  REG(FINISHER) = 0x5555;
}
