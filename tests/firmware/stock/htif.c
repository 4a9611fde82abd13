// SPDX-License-Identifier: Apache-2.0
/* The end and the console of the RISC-V tools' simulators. */
#include "tests/firmware/stock/start.h"

__attribute__((aligned(64))) volatile uint64_t tohost;
__attribute__((aligned(64))) volatile uint64_t fromhost;

static void ask(uint64_t request) {
  tohost = request;
  while (fromhost == 0) {
  }
  fromhost = 0;
}

static uint64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c) {
  __attribute__((aligned(64))) volatile uint64_t arguments[8] = {number, a, b, c};
  ask((uintptr_t)arguments);
  return arguments[0];
}

/* A byte of the console; one that is not there is waited for. */
static uint8_t get_char(void) {
  tohost = (uint64_t)1 << 56;
  while (fromhost == 0) {
  }
  const uint8_t byte = (uint8_t)fromhost;
  fromhost = 0;
  return byte;
}

void start_main(void) {
  static const char text[] = "by call\n";
  const uint64_t written = call(64, 1, (uintptr_t)text, sizeof text - 1);
  const uint64_t unknown = call(1000, 0, 0, 0);
  for (const char* c = "by character: "; *c != 0; ++c)
    ask((uint64_t)1 << 56 | (uint64_t)1 << 48 | (uint8_t)*c);
  for (int i = 0; i < 3; ++i) ask((uint64_t)1 << 56 | (uint64_t)1 << 48 | get_char());
  const int ok = written == sizeof text - 1 && unknown == (uint64_t)-38;
  tohost = ok ? 7 << 1 | 1 : 1;
  for (;;) {
  }
}
