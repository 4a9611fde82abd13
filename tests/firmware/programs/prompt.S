// SPDX-License-Identifier: Apache-2.0
/* A line without end on the console; then only computation. */
#define CONSOLE 0x10010000

  .text
  .global _start
_start:
  la t0, text
  li t2, CONSOLE
1:
  lbu t1, 0(t0)
  beqz t1, 1f
  sw t1, 0(t2)
  addi t0, t0, 1
  j 1b
1:
  j 1b
text:
  .asciz "prompt> "
