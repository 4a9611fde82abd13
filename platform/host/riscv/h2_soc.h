/* Memory map of the RISC-V host processor of the H2Learn card, as the model builds it and firmware
 * sees it. Plain C. The card's registers lie at H2_REGS_BASE, as on the system bus; its memories
 * lie above 4 GiB and are reached through the host DMA. Registers are 32 bits, aligned accesses
 * only; anything else, and every address that nothing answers at, is an access fault. */
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

/* Console, transmit only and never busy. */
#define H2_SOC_UART_BASE UINT32_C(0x10010000)
#define H2_SOC_UART_SIZE UINT32_C(0x1000)
#define H2_SOC_UART_DATA 0x0U   /* write: one byte to the console */
#define H2_SOC_UART_STATUS 0x4U /* read: H2_SOC_UART_READY */
#define H2_SOC_UART_READY 0x1U

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

/* Ends the simulation, as SiFive's test finisher: code in bits 31:16. */
#define H2_SOC_FINISHER_BASE UINT32_C(0x10030000)
#define H2_SOC_FINISHER_SIZE UINT32_C(0x1000)
#define H2_SOC_FINISHER_PASS 0x5555U
#define H2_SOC_FINISHER_FAIL 0x3333U

#define H2_SOC_RAM_BASE UINT32_C(0x80000000)
#define H2_SOC_RAM_SIZE UINT32_C(0x01000000)

#endif
