// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FIRMWARE_DIFFERENTIAL_LAYOUT_H_
#define TESTS_FIRMWARE_DIFFERENTIAL_LAYOUT_H_

/* Memory of a differential test, for monitor.S and the generator. RAM holds the monitor and then
 * the programs, one block each. x31 always points to the middle of the block's first 4 KiB, so that
 * all of them are in reach of an immediate: first data of the program, then its control words. */

#define DIFF_RAM 0x80000000
#define DIFF_RAM_BYTES 0x01000000
#define DIFF_PROGRAMS 0x80000FFC /* how many: a word at the end of the monitor's page */
#define DIFF_FIRST_BLOCK 0x80010000
#define DIFF_BLOCK_BYTES 0x2000
#define DIFF_MAX_PROGRAMS ((DIFF_RAM_BYTES - 0x10000) / DIFF_BLOCK_BYTES)

/* Devices, as the machine "virt" of QEMU has them. */
#define DIFF_FINISHER 0x00100000 /* write 0x5555: the end */
#define DIFF_MSIP 0x02000000
#define DIFF_MTIMECMP 0x02004000
#define DIFF_MTIME 0x0200BFF8

/* Offsets from the start of the block. */
#define DIFF_POINTER 0x800 /* of what x31 points to */
#define DIFF_CODE 0xC00    /* somewhere here it begins, and mostly runs into the next page */
#define DIFF_CODE_END 0x1400
#define DIFF_LOG 0x1400   /* DIFF_LOG_ENTRY bytes for every trap */
#define DIFF_LOG_ENTRY 20 /* mcause, mepc, mtval, mstatus, entry of the vector table */
#define DIFF_MAX_TRAPS 150

/* Control words, offsets from x31. The program may use what lies below. */
#define DIFF_DATA_END 0x200
#define DIFF_ENTRY 0x200
#define DIFF_END 0x204 /* address of the ecall that ends the program */
#define DIFF_MSTATUS 0x208
#define DIFF_MIE 0x20C
#define DIFF_VECTORED 0x210
#define DIFF_ECALL_MASK 0x214 /* what an ecall changes of mstatus: the mode to return to */
#define DIFF_MSCRATCH 0x218
#define DIFF_MCOUNTEREN 0x21C
#define DIFF_TRAPS 0x220
#define DIFF_LOG_NEXT 0x224
#define DIFF_SAVED 0x228     /* four registers of the trap handler */
#define DIFF_REGISTERS 0x240 /* x0 to x31 at the start */
#define DIFF_RESULT 0x2C0    /* x0 to x31 at the end, then the CSRs */
#define DIFF_RESULT_CSRS 0x340

#endif
