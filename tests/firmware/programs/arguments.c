// SPDX-License-Identifier: Apache-2.0
/* Messages of the driver about illegal arguments, the same on the processor as elsewhere. */
#include <stdio.h>

#include "examples/firmware/common/soc.h"
#include "examples/firmware/common/tiny_network.h"

static const uint8_t spikes[TINY_STEPS * TINY_INPUTS] = {1};
static const uint8_t* const samples[2] = {spikes, spikes};
static const uint32_t labels[2] = {3, 12};

static int next(void* context, h2_sub_batch* batch) {
  (void)context;
  batch->samples = samples;
  batch->labels = labels;
  batch->count = 2;
  return 0;
}

int main(void) {
  static h2_device device;
  static uint64_t scratch[64];
  h2_group group = {.sub_batches = 1, .samples = 2, .source = next};
  const h2_table table = tiny_table(2);
  h2_layer wide = tiny_layer;
  wide.stride = 0;
  int error = h2_open(&device, &soc_bus, (char*)scratch + 1, sizeof scratch - 1);
  printf("%d %s\n", error, h2_reason(&device));
  if (h2_open(&device, &soc_bus, scratch, sizeof scratch)) return 1;
  error = h2_load_network(&device, &table, &wide, 1);
  printf("%d %s\n", error, h2_reason(&device));
  if (h2_load_network(&device, &table, &tiny_layer, 1)) return 1;
  error = h2_train_group(&device, &group);
  printf("%d %s\n", error, h2_reason(&device));
  return 0;
}
