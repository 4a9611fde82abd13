/* Integer work in registers, for measuring how fast instructions are executed. */
#include "examples/firmware/common/soc.h"

int main(void) {
  uint32_t a = 1, b = 2;
  for (uint32_t i = 0; i < 20000000; ++i) {
    a ^= a << 13;
    a ^= a >> 17;
    a ^= a << 5;
    b = b * 33 + a;
  }
  return b == 0x1234; /* not so; the loop must not be optimised away */
}
