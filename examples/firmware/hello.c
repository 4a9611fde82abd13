// SPDX-License-Identifier: Apache-2.0
/* Identifies the card and runs a self-test: a block through each memory, by DMA, there and back. */
#include <stdio.h>
#include <string.h>

#include "examples/firmware/common/soc.h"

#define BLOCK 256U

static int test_memory(unsigned n) {
  static uint32_t sent[BLOCK], received[BLOCK];
  for (uint32_t i = 0; i < BLOCK; ++i) sent[i] = i * UINT32_C(2654435761) + n;
  memset(received, 0, sizeof received);
  const uint64_t at = H2_MEM_BASE(n) + 4096;
  if (soc_bus.write(soc_bus.context, at, sent, sizeof sent)) return 1;
  if (soc_bus.read(soc_bus.context, at, received, sizeof received)) return 1;
  return memcmp(sent, received, sizeof sent) != 0;
}

int main(void) {
  const uint32_t id = soc_read(H2_REGS_BASE + H2_REG_ID);
  const uint32_t version = soc_read(H2_REGS_BASE + H2_REG_VERSION);
  const uint32_t tile = soc_read(H2_REGS_BASE + H2_REG_TILE);
  const uint32_t size = soc_read(H2_REGS_BASE + H2_REG_MEMORY_SIZE);
  if (id != H2_ID) {
    printf("no card: ID is 0x%08lx\n", (unsigned long)id);
    return 1;
  }
  const unsigned memories = H2_CAP_MEMORIES(soc_read(H2_REGS_BASE + H2_REG_CAPABILITIES));
  printf("H2Learn card, contract %lu.%lu, tile %lux%lu, memories: %u of %lu MiB\n",
         (unsigned long)(version >> 16), (unsigned long)(version & 0xFFFFU),
         (unsigned long)(tile & 0xFFFFU), (unsigned long)(tile >> 16), memories,
         (unsigned long)size);
  for (unsigned n = 0; n < memories; ++n) {
    if (test_memory(n)) {
      printf("Mem%u: self-test failed\n", n);
      return 2;
    }
    printf("Mem%u: self-test passed\n", n);
  }
  return 0;
}
