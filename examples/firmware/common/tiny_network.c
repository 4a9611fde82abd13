// SPDX-License-Identifier: Apache-2.0
#include "examples/firmware/common/tiny_network.h"

const h2_layer tiny_layer = {.kind = H2_LAYER_FC,
                             .planes = 1,
                             .cin = TINY_INPUTS,
                             .cout = TINY_OUTPUTS,
                             .kernel = 1,
                             .stride = 1,
                             .in_height = 1,
                             .in_width = 1};

h2_table tiny_table(uint32_t sub_batch) {
  const h2_table table = {.timesteps = TINY_STEPS,
                          .sub_batch = sub_batch,
                          .alpha = 0.25F,
                          .th_f = 0.5F,
                          .th_r = 1.0F,
                          .beta = 1.0F,
                          .learning_rate = 0.1F,
                          .loss_scale = 1.0F};
  return table;
}
