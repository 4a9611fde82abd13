// SPDX-License-Identifier: Apache-2.0
/* For programs in assembly without start-up code: the end, and checks. A check that fails ends the
 * program with its number as exit code. */
#ifndef TESTS_FIRMWARE_PROGRAMS_BARE_H_
#define TESTS_FIRMWARE_PROGRAMS_BARE_H_

#define FINISHER 0x10030000
#define MTIMECMP 0x02004000
#define MTIME 0x0200BFF8

.macro pass
  li t0, FINISHER
  li t1, 0x5555
  sw t1, 0(t0)
.Lend\@:
  j .Lend\@
.endm

/* Ends with `code` unless the registers hold the same. */
.macro check_same a, b, code
  beq \a, \b, .Lsame\@
  li t0, FINISHER
  li t1, \code << 16 | 0x3333
  sw t1, 0(t0)
.Lsame\@:
.endm

.macro check_csr csr, value, code
  csrr t0, \csr
  li t1, \value
  check_same t0, t1, \code
.endm

#endif
