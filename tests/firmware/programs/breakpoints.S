// SPDX-License-Identifier: Apache-2.0
/* ebreak in both lengths: mcause 3, mtval 0, mepc the instruction. */
#include "tests/firmware/programs/bare.h"

  .text
  .global _start
_start:
  la t0, on_trap
  csrw mtvec, t0
  la s0, long_one
  .option push
  .option norvc
long_one:
  ebreak
  .option pop
  li t0, 1
  check_same s1, t0, 4
  la s0, short_one
short_one:
  c.ebreak
  li t0, 2
  check_same s1, t0, 5
  pass

  .balign 4
on_trap:
  check_csr mcause, 3, 1
  check_csr mtval, 0, 2
  csrr t0, mepc
  check_same t0, s0, 3
  addi s1, s1, 1
  lhu t1, 0(t0)
  andi t1, t1, 3
  addi t0, t0, 2
  li t2, 3
  bne t1, t2, 1f
  addi t0, t0, 2
1:
  csrw mepc, t0
  mret
