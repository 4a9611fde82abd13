// SPDX-License-Identifier: Apache-2.0
/* A timer that is always due and never set again: an interrupt is taken directly behind the mret of
 * the one before, 100,000 times, and the program itself never comes to a turn. */
#include "tests/firmware/programs/bare.h"

  .text
  .global _start
_start:
  la t0, on_timer
  csrw mtvec, t0
  li t0, MTIMECMP
  sw zero, 0(t0)
  sw zero, 4(t0)
  li t0, 1 << 7
  csrw mie, t0
  li s0, 0
  li s1, 0
  csrsi mstatus, 8
1:
  addi s1, s1, 1
  j 1b

  .balign 4
on_timer:
  addi s0, s0, 1
  li t0, 100000
  bltu s0, t0, 1f
  check_same s1, zero, 1
  pass
1:
  mret
