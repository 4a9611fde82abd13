// SPDX-License-Identifier: Apache-2.0
/* The exit code of the program is that of h2vp. */
#include <stdio.h>

int main(void) {
  printf("a line without end");
  return 42;
}
