// SPDX-License-Identifier: Apache-2.0
/* Trains a small network with the driver and prints the digest of its weights: the same as of a
 * native run and of a run from another process. */
#include <inttypes.h>
#include <stdio.h>

#include "examples/firmware/common/small_training.h"
#include "examples/firmware/common/soc.h"

static void print(const char* text) { fputs(text, stdout); }

int main(void) {
  uint64_t digest = 0;
  const int error = h2_small_training(&soc_bus, print, &digest);
  if (error) {
    printf("training failed: %s\n", h2_error_text(error));
    return 1;
  }
  printf("weights %08" PRIx32 "%08" PRIx32 "\n", (uint32_t)(digest >> 32), (uint32_t)digest);
  return 0;
}
