// SPDX-License-Identifier: Apache-2.0
/* The card by its registers alone: no driver, no header of the project but the one that
 * `h2vp regs --header` prints. Says what the card is, then hands it a descriptor that it must
 * refuse and reads why. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "examples/firmware/common/soc.h"
#include "h2learn_regs.h"
#include "platform/host/riscv/h2_soc.h"

static uint32_t get(uint32_t reg) { return soc_read(H2LEARN_BASE + reg); }
static void set(uint32_t reg, uint32_t value) { soc_write(H2LEARN_BASE + reg, value); }

static uint32_t memories(void) {
  return H2LEARN_CAPABILITIES_MEMORIES_GET(get(H2LEARN_CAPABILITIES));
}

static void identify(void) {
  const uint32_t version = get(H2LEARN_VERSION), tile = get(H2LEARN_TILE);
  const uint32_t bytes = H2LEARN_CAPABILITIES_VALUE_BYTES_GET(get(H2LEARN_CAPABILITIES));
  printf("contract %lu.%lu, tiles of %lux%lu, %s, %lu x %lu MiB\n",
         (unsigned long)H2LEARN_VERSION_MAJOR_GET(version),
         (unsigned long)H2LEARN_VERSION_MINOR_GET(version),
         (unsigned long)H2LEARN_TILE_HEIGHT_GET(tile), (unsigned long)H2LEARN_TILE_WIDTH_GET(tile),
         bytes == H2LEARN_CAPABILITIES_VALUE_BYTES_FP16 ? "FP16" : "FP32",
         (unsigned long)memories(), (unsigned long)get(H2LEARN_MEMORY_SIZE));
}

/* Rings of two entries in a page of the card's memory, which is all that it may reach. */
static void bring_up(uint64_t page) {
  set(H2LEARN_CONTROL, H2LEARN_CONTROL_RESET_PUT(1u));
  while (H2LEARN_CONTROL_RESET_GET(get(H2LEARN_CONTROL))) soc_time();
  set(H2LEARN_RING_BASE_LO, (uint32_t)page);
  set(H2LEARN_RING_BASE_HI, (uint32_t)(page >> 32));
  set(H2LEARN_COMPLETION_BASE_LO, (uint32_t)page + 0x400);
  set(H2LEARN_COMPLETION_BASE_HI, (uint32_t)(page >> 32));
  set(H2LEARN_RING_SIZE, 2);
  set(H2LEARN_WINDOW_BASE(0), (uint32_t)(page >> 12));
  set(H2LEARN_WINDOW_LIMIT(0), (uint32_t)(page >> 12) + 1);
  set(H2LEARN_WINDOW_CONTROL(0),
      H2LEARN_WINDOW_CONTROL_READ_PUT(1u) | H2LEARN_WINDOW_CONTROL_WRITE_PUT(1u));
  set(H2LEARN_IRQ_MASK, H2LEARN_IRQ_MASK_ERROR_PUT(1u));
  set(H2LEARN_CONTROL, H2LEARN_CONTROL_ENABLE_PUT(1u));
}

int main(void) {
  /* Mem2, or the only memory that there is. */
  const uint64_t page = UINT64_C(0x1000000000) * memories();
  uint8_t descriptor[64] = {[0] = 1, [1] = 77, [4] = sizeof descriptor, [8] = 5}; /* tag 5 */
  if (get(H2LEARN_ID) != H2LEARN_ID_RESET) return 1;
  identify();
  bring_up(page);
  if (soc_dma(H2_SOC_DMA_WRITE, page, descriptor, sizeof descriptor)) return 1;
  soc_enable_lines(SOC_EXTERNAL);
  set(H2LEARN_RING_TAIL, 1);
  while ((soc_pending() & SOC_EXTERNAL) == 0) soc_wait_for_interrupt();
  if (!H2LEARN_IRQ_STATUS_ERROR_GET(get(H2LEARN_IRQ_STATUS))) return 1;
  if (get(H2LEARN_ERROR) != H2LEARN_ERROR_VALUE_OPCODE) return 1;
  printf("ERROR is OPCODE, tag %lu\n", (unsigned long)get(H2LEARN_ERROR_TAG));
  set(H2LEARN_IRQ_STATUS, H2LEARN_IRQ_STATUS_ERROR_PUT(1u));
  return H2LEARN_STATUS_ERROR_GET(get(H2LEARN_STATUS)) ? 1 : 0;
}
