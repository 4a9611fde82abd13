// SPDX-License-Identifier: Apache-2.0
/* Runs the programs of a differential test one after the other, on the simulated processor and on
 * the reference alike: sets registers, starts the program in its mode, writes every trap into its
 * log and skips the instruction that trapped, and leaves registers and CSRs of the end. */
#include "tests/firmware/differential/layout.h"

.macro each_register op, base
  \op x1, \base+4(t6)
  \op x2, \base+8(t6)
  \op x3, \base+12(t6)
  \op x4, \base+16(t6)
  \op x5, \base+20(t6)
  \op x6, \base+24(t6)
  \op x7, \base+28(t6)
  \op x8, \base+32(t6)
  \op x9, \base+36(t6)
  \op x10, \base+40(t6)
  \op x11, \base+44(t6)
  \op x12, \base+48(t6)
  \op x13, \base+52(t6)
  \op x14, \base+56(t6)
  \op x15, \base+60(t6)
  \op x16, \base+64(t6)
  \op x17, \base+68(t6)
  \op x18, \base+72(t6)
  \op x19, \base+76(t6)
  \op x20, \base+80(t6)
  \op x21, \base+84(t6)
  \op x22, \base+88(t6)
  \op x23, \base+92(t6)
  \op x24, \base+96(t6)
  \op x25, \base+100(t6)
  \op x26, \base+104(t6)
  \op x27, \base+108(t6)
  \op x28, \base+112(t6)
  \op x29, \base+116(t6)
  \op x30, \base+120(t6)
.endm

.macro load_csr csr, offset
  lw t0, \offset(t6)
  csrw \csr, t0
.endm

.macro keep_csr csr, n
  csrr t0, \csr
  sw t0, DIFF_RESULT_CSRS+4*\n(t6)
.endm

.macro lines_down
  li t0, DIFF_MSIP
  sw zero, 0(t0)
  li t0, DIFF_MTIMECMP
  li t1, -1
  sw t1, 4(t0)
  sw t1, 0(t0)
.endm

  .option norvc
  .section .text
  .global _start
_start:
  li t6, DIFF_FIRST_BLOCK + DIFF_POINTER
  li t0, DIFF_PROGRAMS
  lw t0, 0(t0)
  la t1, programs_left
  sw t0, 0(t1)

start_program:
  lines_down
  load_csr mie, DIFF_MIE
  load_csr mscratch, DIFF_MSCRATCH
  load_csr mcounteren, DIFF_MCOUNTEREN
  csrw mcause, zero
  csrw mtval, zero
  csrw 0x30A, zero /* menvcfg */
  csrw 0x320, zero /* mcountinhibit */
  la t0, vector
  lw t1, DIFF_VECTORED(t6)
  or t0, t0, t1
  csrw mtvec, t0
  li t0, 3 << 11 | 1 << 17 | 1 << 21 | 1 << 7 | 1 << 3
  csrc mstatus, t0
  lw t0, DIFF_MSTATUS(t6)
  csrs mstatus, t0
  lw t0, DIFF_ENTRY(t6)
  csrw mepc, t0
  each_register lw, DIFF_REGISTERS
  mret

  .balign 256
vector:
  j trap
  j trap
  j trap
  j software
  j trap
  j trap
  j trap
  j timer
  j trap
  j trap
  j trap
  j external

software:
  sw t0, DIFF_SAVED(t6)
  li t0, 3
  j log_trap
timer:
  sw t0, DIFF_SAVED(t6)
  li t0, 7
  j log_trap
external:
  sw t0, DIFF_SAVED(t6)
  li t0, 11
  j log_trap
trap:
  sw t0, DIFF_SAVED(t6)
  li t0, 0
log_trap:
  sw t1, DIFF_SAVED+4(t6)
  sw t2, DIFF_SAVED+8(t6)
  sw t3, DIFF_SAVED+12(t6)
  lw t1, DIFF_LOG_NEXT(t6)
  sw t0, 16(t1)
  csrr t0, mcause
  sw t0, 0(t1)
  csrr t2, mepc
  sw t2, 4(t1)
  csrr t3, mtval
  sw t3, 8(t1)
  csrr t3, mstatus
  sw t3, 12(t1)
  addi t1, t1, DIFF_LOG_ENTRY
  sw t1, DIFF_LOG_NEXT(t6)
  lw t1, DIFF_TRAPS(t6)
  addi t1, t1, 1
  sw t1, DIFF_TRAPS(t6)
  li t3, DIFF_MAX_TRAPS
  bgeu t1, t3, end_program
  bltz t0, interrupt
  lw t3, DIFF_END(t6)
  beq t2, t3, end_program
  li t3, 1
  beq t0, t3, bad_jump
  li t3, 8
  beq t0, t3, change_mode
  li t3, 11
  beq t0, t3, change_mode

skip: /* the instruction at mepc, in t2 */
  lhu t3, 0(t2)
  andi t3, t3, 3
  addi t3, t3, -3
  addi t2, t2, 2
  bnez t3, 1f
  addi t2, t2, 2
1:
  csrw mepc, t2
resume:
  lw t0, DIFF_SAVED(t6)
  lw t1, DIFF_SAVED+4(t6)
  lw t2, DIFF_SAVED+8(t6)
  lw t3, DIFF_SAVED+12(t6)
  mret

change_mode:
  lw t3, DIFF_ECALL_MASK(t6)
  csrr t1, mstatus
  xor t1, t1, t3
  csrw mstatus, t1
  j skip

bad_jump: /* it left its return address in ra */
  csrw mepc, ra
  j resume

interrupt:
  slli t0, t0, 1
  li t1, 6
  bne t0, t1, 1f
  li t1, DIFF_MSIP
  sw zero, 0(t1)
  j resume
1:
  li t1, DIFF_MTIMECMP
  li t3, -1
  sw t3, 4(t1)
  sw t3, 0(t1)
  j resume

end_program:
  lw t0, DIFF_SAVED(t6)
  lw t1, DIFF_SAVED+4(t6)
  lw t2, DIFF_SAVED+8(t6)
  lw t3, DIFF_SAVED+12(t6)
  each_register sw, DIFF_RESULT
  keep_csr mstatus, 0
  keep_csr misa, 1
  keep_csr mie, 2
  keep_csr mtvec, 3
  keep_csr mcounteren, 4
  keep_csr mscratch, 5
  keep_csr mepc, 6
  keep_csr mcause, 7
  keep_csr mtval, 8
  keep_csr mip, 9
  keep_csr 0x30A, 10 /* menvcfg */
  keep_csr 0x320, 11 /* mcountinhibit */
  li t0, DIFF_BLOCK_BYTES
  add t6, t6, t0
  la t1, programs_left
  lw t0, 0(t1)
  addi t0, t0, -1
  sw t0, 0(t1)
  bnez t0, start_program
  li t0, DIFF_FINISHER
  li t1, 0x5555
  sw t1, 0(t0)
1:
  j 1b

  .balign 4
programs_left:
  .word 0
