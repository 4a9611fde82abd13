// SPDX-License-Identifier: Apache-2.0
/* Trains on a card that `h2vp serve` simulates, from a process of its own, and prints the digest of
 * the weights: the same as that of the same training in the simulator's own process.
 *
 *   h2vp serve configs/h2learn.yaml --socket /tmp/card --once &
 *   external_train /tmp/card
 */
#include <inttypes.h>
#include <stdio.h>

#include "examples/firmware/common/small_training.h"
#include "platform/library/h2.h"

static void print(const char* text) { fputs(text, stdout); }

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: external_train SOCKET\n");
    return 2;
  }
  h2_bus card;
  int error = h2_connect(argv[1], &card);
  if (error) {
    perror(argv[1]);
    return 2;
  }
  uint64_t digest = 0, time = 0;
  error = h2_small_training(&card, print, &digest);
  if (!error) error = h2_time_ps(&card, &time);
  h2_disconnect(&card);
  if (error) {
    fprintf(stderr, "external_train: %s\n", h2_error_text(error));
    return 1;
  }
  printf("digest %016" PRIx64 " after %.3f us of simulated time\n", digest, (double)time / 1e6);
  return 0;
}
