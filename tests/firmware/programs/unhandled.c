// SPDX-License-Identifier: Apache-2.0
/* A fault without trap handler ends the run with its cause, place and address. */
#include "examples/firmware/common/soc.h"

__attribute__((noinline)) static uint32_t stray_load(void) { return soc_read(0x40000004); }

int main(void) {
  __asm__ volatile("csrw mtvec, zero");
  return (int)stray_load();
}
