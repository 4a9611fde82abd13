// SPDX-License-Identifier: Apache-2.0
/* Memory map of the RISC-V host processor of the H2Learn card, as the model builds it and firmware
 * sees it. Plain C. The card's registers lie at H2_REGS_BASE, as on the system bus; its memories
 * lie above 4 GiB and are reached through the host DMA. Registers are 32 bits, aligned accesses
 * only where nothing else is said; anything else, and every address that nothing answers at, is an
 * access fault. */
#ifndef H2_SOC_H
#define H2_SOC_H

#include <stdint.h>

/* Core-local interruptor: the usual offsets of a machine with one hart. */
#define H2_SOC_TIMER_BASE UINT32_C(0x02000000)
#define H2_SOC_TIMER_SIZE UINT32_C(0x10000)
#define H2_SOC_TIMER_MSIP 0x0000U     /* bit 0: machine software interrupt */
#define H2_SOC_TIMER_MTIMECMP 0x4000U /* 64 bits: interrupt while mtime >= mtimecmp */
#define H2_SOC_TIMER_MTIME 0xBFF8U    /* 64 bits, read only: simulated time */
#define H2_SOC_TIMER_HZ UINT32_C(10000000)

/* Platform-level interrupt controller, usual layout: source n has bit n, hart 0 in machine mode is
 * context 0. As long as firmware has written to none of its registers, it is left out: the card's
 * line is the machine external interrupt. */
#define H2_SOC_PLIC_BASE UINT32_C(0x0C000000)
#define H2_SOC_PLIC_SIZE UINT32_C(0x04000000)
#define H2_SOC_PLIC_PRIORITY(n) (4U * (n)) /* 0 (never) to 7 */
#define H2_SOC_PLIC_PENDING 0x1000U        /* read only */
#define H2_SOC_PLIC_ENABLE 0x2000U
#define H2_SOC_PLIC_THRESHOLD 0x200000U /* sources with a higher priority interrupt */
#define H2_SOC_PLIC_CLAIM 0x200004U     /* read: claim the first source; write: it is done with */
#define H2_SOC_PLIC_SOURCES 32U         /* source 0 is none */
#define H2_SOC_CARD_SOURCE 1U
#define H2_SOC_UART_SOURCE 4U

/* Console, SiFive layout; bytes and halves of a word, too. Never busy when it transmits. */
#define H2_SOC_UART_BASE UINT32_C(0x10010000)
#define H2_SOC_UART_SIZE UINT32_C(0x1000)
#define H2_SOC_UART_TXDATA 0x00U /* write: one byte to the console; bit 31, full, reads 0 */
#define H2_SOC_UART_RXDATA 0x04U /* read: takes one byte; bit 31: there is none */
#define H2_SOC_UART_TXCTRL 0x08U /* bits 18:16: watermark */
#define H2_SOC_UART_RXCTRL 0x0CU /* bit 0: receive; bits 18:16: watermark */
#define H2_SOC_UART_IE 0x10U     /* which conditions of IP interrupt */
#define H2_SOC_UART_IP 0x14U     /* read only: RXWM, TXWM */
#define H2_SOC_UART_DIV 0x18U    /* a bit takes DIV + 1 clocks of the processor */
#define H2_SOC_UART_EMPTY (UINT32_C(1) << 31)
#define H2_SOC_UART_ENABLE 1U
#define H2_SOC_UART_TXWM 1U  /* fewer bytes to transmit than the watermark */
#define H2_SOC_UART_RXWM 2U  /* more bytes received than the watermark */
#define H2_SOC_UART_FIFO 8U  /* received bytes; the sender waits while it is full */
#define H2_SOC_UART_BITS 10U /* of one byte on the line */

/* Moves blocks between RAM and any address of the system bus. The store that starts a transfer
 * returns when it is over. */
#define H2_SOC_DMA_BASE UINT32_C(0x10020000)
#define H2_SOC_DMA_SIZE UINT32_C(0x1000)
#define H2_SOC_DMA_CARD_LO 0x00U /* system address */
#define H2_SOC_DMA_CARD_HI 0x04U
#define H2_SOC_DMA_RAM 0x08U /* RAM address */
#define H2_SOC_DMA_BYTES 0x0CU
#define H2_SOC_DMA_CONTROL 0x10U /* write H2_SOC_DMA_READ or _WRITE: start; reads 0 */
#define H2_SOC_DMA_STATUS 0x14U  /* read: H2_SOC_DMA_DONE, or _ERROR, of the last transfer */
#define H2_SOC_DMA_READ 1U       /* card to RAM */
#define H2_SOC_DMA_WRITE 2U      /* RAM to card */
#define H2_SOC_DMA_DONE 1U
#define H2_SOC_DMA_ERROR 2U    /* RAM range illegal, or an error response on the bus */
#define H2_SOC_DMA_BURST 4096U /* bytes of one bus access */

/* Ends the simulation, as SiFive's test finisher: code in bits 31:16. At two addresses: the second
 * is where QEMU's machine has it. */
#define H2_SOC_FINISHER_BASE UINT32_C(0x10030000)
#define H2_SOC_TEST_BASE UINT32_C(0x00100000)
#define H2_SOC_FINISHER_SIZE UINT32_C(0x1000)
#define H2_SOC_FINISHER_PASS 0x5555U
#define H2_SOC_FINISHER_FAIL 0x3333U
#define H2_SOC_FINISHER_RESET 0x7777U /* the program starts again */

/* At the same address of the system bus (H2_HOST_MEM_BASE), for a card whose windows let it. */
#define H2_SOC_RAM_BASE UINT32_C(0x80000000)
#define H2_SOC_RAM_SIZE UINT32_C(0x01000000)

#endif
