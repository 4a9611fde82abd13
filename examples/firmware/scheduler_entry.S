// SPDX-License-Identifier: Apache-2.0
/* Trap entry of scheduler.c: keeps all registers of the task on its stack, lets
 * scheduler_trap(stack, mcause, mepc) choose a task, and goes on with that one. gp and tp are the
 * same in all tasks. */
#include "examples/firmware/scheduler.h"

.macro each_register op
  \op ra, 0(sp)
  \op t0, 4(sp)
  \op t1, 8(sp)
  \op t2, 12(sp)
  \op s0, 16(sp)
  \op s1, 20(sp)
  \op a0, FRAME_A0(sp)
  \op a1, 28(sp)
  \op a2, 32(sp)
  \op a3, 36(sp)
  \op a4, 40(sp)
  \op a5, 44(sp)
  \op a6, 48(sp)
  \op a7, 52(sp)
  \op s2, 56(sp)
  \op s3, 60(sp)
  \op s4, 64(sp)
  \op s5, 68(sp)
  \op s6, 72(sp)
  \op s7, 76(sp)
  \op s8, 80(sp)
  \op s9, 84(sp)
  \op s10, 88(sp)
  \op s11, 92(sp)
  \op t3, 96(sp)
  \op t4, 100(sp)
  \op t5, 104(sp)
  \op t6, 108(sp)
.endm

  .section .text
  .global scheduler_entry
  .type scheduler_entry, @function
  .balign 4
scheduler_entry:
  addi sp, sp, -FRAME_BYTES
  each_register sw
  csrr t0, mstatus
  sw t0, FRAME_MSTATUS(sp)
  csrr a2, mepc
  sw a2, FRAME_MEPC(sp)
  csrr a1, mcause
  mv a0, sp
  call scheduler_trap
  mv sp, a0
  lw t0, FRAME_MEPC(sp)
  csrw mepc, t0
  lw t0, FRAME_MSTATUS(sp)
  csrw mstatus, t0
  each_register lw
  addi sp, sp, FRAME_BYTES
  mret
  .size scheduler_entry, . - scheduler_entry
