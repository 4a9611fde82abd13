// SPDX-License-Identifier: Apache-2.0
/* What the processor does not have is an illegal instruction, with the instruction in mtval:
 * supervisor mode, memory protection, floating point, and what there is not in user mode. */
#include "tests/firmware/programs/bare.h"

.macro illegal word
  la s0, 1f
  li s1, \word
1:
  .word \word
  addi s2, s2, 1
.endm

  .option norvc
  .text
  .global _start
_start:
  la t0, on_trap
  csrw mtvec, t0
  li s2, 0 /* instructions tried */
  li s3, 0 /* traps */
  li s5, 3 << 11 /* MPP expected */
  illegal 0x10200073 /* sret */
  illegal 0x12000073 /* sfence.vma */
  illegal 0x10002573 /* csrr a0, sstatus */
  illegal 0x18051073 /* csrw satp, a0 */
  illegal 0x30202573 /* csrr a0, medeleg */
  illegal 0x3A051073 /* csrw pmpcfg0, a0 */
  illegal 0x3B002573 /* csrr a0, pmpaddr0 */
  illegal 0x00302573 /* csrr a0, fcsr */
  illegal 0x00052007 /* flw f0, 0(a0) */
  illegal 0x00000053 /* fadd.s f0, f0, f0 */
  illegal 0x7A002573 /* csrr a0, tselect */
  illegal 0xF1151073 /* csrw mvendorid, a0 */
  check_same s2, s3, 4
  la t0, user
  csrw mepc, t0
  li s5, 0
  li t0, 3 << 11
  csrc mstatus, t0
  mret
user:
  illegal 0x30002573 /* csrr a0, mstatus */
  illegal 0x34011073 /* csrw mscratch, sp */
  illegal 0x30200073 /* mret */
  illegal 0xC0002573 /* rdcycle a0: mcounteren is 0 */
  check_same s2, s3, 5
  li s4, 1
  ecall

  .balign 4
on_trap:
  csrr t0, mstatus
  li t1, 3 << 11
  and t0, t0, t1
  check_same t0, s5, 6
  bnez s4, last
  check_csr mcause, 2, 1
  csrr t0, mepc
  check_same t0, s0, 2
  csrr t0, mtval
  check_same t0, s1, 3
  addi s3, s3, 1
  csrr t0, mepc
  addi t0, t0, 4
  csrw mepc, t0
  mret
last:
  check_csr mcause, 8, 7
  pass
