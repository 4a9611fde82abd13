// SPDX-License-Identifier: Apache-2.0
/* The idle hook of an operating system: wfi in a loop with interrupts enabled, a tick of 1 kHz. The
 * hook returns once at every tick, and mepc is the instruction behind the wfi. */
#include "tests/firmware/programs/bare.h"

#define TICKS 60
#define TICK 10000

  .text
  .global _start
_start:
  la t0, on_tick
  csrw mtvec, t0
  li s0, 0 /* ticks */
  li s1, 0 /* returns of the hook */
  li t0, MTIME
  lw s2, 0(t0)
  jal set_timer
  li t0, 1 << 7
  csrw mie, t0
  csrsi mstatus, 8
idle:
  wfi
behind:
  addi s1, s1, 1
  check_same s0, s1, 1
  li t0, TICKS
  bltu s1, t0, idle
  pass

set_timer: /* one tick after s2 */
  li t0, TICK
  add s2, s2, t0
  li t0, MTIMECMP
  sw s2, 0(t0)
  sw zero, 4(t0)
  ret

  .balign 4
on_tick:
  addi s0, s0, 1
  csrr t0, mepc
  la t1, behind
  check_same t0, t1, 2
  jal set_timer
  mret
