// SPDX-License-Identifier: Apache-2.0
/* Polls a card that has nothing to do. */
#include "examples/firmware/common/soc.h"

int main(void) {
  while ((soc_read(H2_REGS_BASE + H2_REG_IRQ_STATUS) & H2_IRQ_COMPLETION) == 0) continue;
  return 0;
}
