// SPDX-License-Identifier: Apache-2.0
/* Trap entry: saves what a C function may change, calls soc_trap(mcause, mepc, mtval) and goes on
 * where it says. */

.macro each_register op
  \op ra, 0(sp)
  \op t0, 4(sp)
  \op t1, 8(sp)
  \op t2, 12(sp)
  \op a0, 16(sp)
  \op a1, 20(sp)
  \op a2, 24(sp)
  \op a3, 28(sp)
  \op a4, 32(sp)
  \op a5, 36(sp)
  \op a6, 40(sp)
  \op a7, 44(sp)
  \op t3, 48(sp)
  \op t4, 52(sp)
  \op t5, 56(sp)
  \op t6, 60(sp)
.endm

  .section .text
  .global soc_trap_entry
  .type soc_trap_entry, @function
  .balign 64
soc_trap_entry:
  addi sp, sp, -64
  each_register sw
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  call soc_trap
  csrw mepc, a0
  each_register lw
  addi sp, sp, 64
  mret
  .size soc_trap_entry, . - soc_trap_entry
