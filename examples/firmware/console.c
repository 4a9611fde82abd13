// SPDX-License-Identifier: Apache-2.0
/* A small command line on the console: what it receives wakes the processor through the PLIC. Ends
 * with quit. Try --input with a file, a pipe (-) or, after stty -icanon -echo, a terminal (-). */
#include <stdio.h>
#include <string.h>

#include "examples/firmware/common/soc.h"
#include "platform/host/riscv/h2_soc.h"

enum { LONGEST = 80 };

static char line[LONGEST];
static unsigned length;
static volatile int done;

static void obey(void) {
  if (strcmp(line, "id") == 0) {
    printf("card 0x%08lx\n", (unsigned long)soc_read(H2_REGS_BASE + H2_REG_ID));
  } else if (strcmp(line, "time") == 0) {
    printf("%lu us\n", (unsigned long)(soc_time() / (H2_SOC_TIMER_HZ / 1000000U)));
  } else if (strcmp(line, "quit") == 0) {
    done = 1;
  } else if (length > 0) {
    printf("%s? legal: id, time, quit\n", line);
  }
}

static void take(char c) {
  if (c != '\n' && c != '\r') {
    if (length < LONGEST - 1) line[length++] = c;
    return;
  }
  line[length] = '\0';
  obey();
  length = 0;
  if (!done) printf("> ");
}

static uint32_t on_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  if (cause != (SOC_INTERRUPT | 11U)) {
    printf("trap %lu at 0x%08lx, 0x%08lx\n", (unsigned long)cause, (unsigned long)pc,
           (unsigned long)value);
    done = 1;
    return soc_next_instruction(pc);
  }
  const uint32_t source = soc_read(H2_SOC_PLIC_BASE + H2_SOC_PLIC_CLAIM);
  for (;;) {
    const uint32_t received = soc_read(H2_SOC_UART_BASE + H2_SOC_UART_RXDATA);
    if ((received & H2_SOC_UART_EMPTY) != 0) break;
    take((char)received);
  }
  soc_write(H2_SOC_PLIC_BASE + H2_SOC_PLIC_CLAIM, source);
  return pc;
}

int main(void) {
  soc_set_trap_handler(on_trap);
  soc_write(H2_SOC_PLIC_BASE + H2_SOC_PLIC_PRIORITY(H2_SOC_UART_SOURCE), 1);
  soc_write(H2_SOC_PLIC_BASE + H2_SOC_PLIC_ENABLE, 1U << H2_SOC_UART_SOURCE);
  soc_write(H2_SOC_PLIC_BASE + H2_SOC_PLIC_THRESHOLD, 0);
  soc_write(H2_SOC_UART_BASE + H2_SOC_UART_RXCTRL, H2_SOC_UART_ENABLE); /* watermark 0: each byte */
  soc_write(H2_SOC_UART_BASE + H2_SOC_UART_IE, H2_SOC_UART_RXWM);
  printf("> ");
  soc_enable_lines(SOC_EXTERNAL);
  for (;;) { /* an interrupt between the test and the wfi must not be slept through */
    soc_interrupts_off();
    if (done) return 0;
    soc_wait_for_interrupt();
    soc_interrupts_on();
  }
}
