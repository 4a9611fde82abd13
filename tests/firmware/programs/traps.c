// SPDX-License-Identifier: Apache-2.0
/* Traps arrive with their cause, place and value; registers of the faulting instruction are kept.
 */
#include <stdio.h>

#include "examples/firmware/common/soc.h"

static volatile uint32_t seen_cause, seen_pc, seen_value, resume;

static uint32_t on_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  seen_cause = cause;
  seen_pc = pc;
  seen_value = value;
  return resume != 0 ? resume : soc_next_instruction(pc);
}

static int failures;
static void check(const char* what, uint32_t cause, uint32_t pc, uint32_t value) {
  const int ok = seen_cause == cause && (pc == 0 || seen_pc == pc) && seen_value == value;
  if (!ok) {
    ++failures;
    printf("%s: mcause %lu, mepc 0x%lx, mtval 0x%lx\n", what, (unsigned long)seen_cause,
           (unsigned long)seen_pc, (unsigned long)seen_value);
  }
  seen_cause = seen_pc = seen_value = 99;
}

int main(void) {
  uint32_t pc, kept = 0x4C, odd = 0x4E;
  soc_set_trap_handler(on_trap);
  __asm__ volatile("la %0, 1f\n1: ecall" : "=&r"(pc)::"memory");
  check("ecall", SOC_ECALL, pc, 0);
  __asm__ volatile("la %0, 1f\n1: ebreak" : "=&r"(pc)::"memory");
  check("ebreak", SOC_BREAKPOINT, pc, 0);
  __asm__ volatile("la %0, 1f\n1: .word 0xffffffff" : "=&r"(pc)::"memory");
  check("illegal instruction", SOC_ILLEGAL, pc, 0xFFFFFFFF);
  __asm__ volatile("la %0, 1f\n1: lw %1, 0(%2)" : "=&r"(pc), "+r"(kept) : "r"(0x30000000));
  check("load", SOC_LOAD_FAULT, pc, 0x30000000);
  if (kept != 0x4C) ++failures;
  __asm__ volatile("la %0, 1f\n1: lw %1, 0(%1)" : "=&r"(pc), "+r"(kept)::"memory");
  check("load into its own address register", SOC_LOAD_FAULT, pc, 0x4C);
  if (kept != 0x4C) ++failures;
  __asm__ volatile("la %0, 1f\n1: sw %0, 0(%1)" : "=&r"(pc) : "r"(0x90000000) : "memory");
  check("store", SOC_STORE_FAULT, pc, 0x90000000);
  __asm__ volatile("la %0, 1f\n1: lw %1, 0(%1)" : "=&r"(pc), "+r"(odd)::"memory");
  check("misaligned load", SOC_LOAD_FAULT, pc, 0x4E);
  resume = (uint32_t)(uintptr_t) && behind;
  __asm__ volatile goto("jr %0" ::"r"(0x20000000)::behind);
behind:
  resume = 0;
  check("jump", SOC_FETCH_FAULT, 0x20000000, 0x20000000);
  printf("%d failures\n", failures);
  return failures;
}
