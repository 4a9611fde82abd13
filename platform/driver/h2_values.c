// SPDX-License-Identifier: Apache-2.0
/* Outputs and losses that are values: of networks of ReLU, and of a read-out. */
#include "platform/driver/h2_values.h"

#include <string.h>

#include "platform/driver/h2_card.h"
#include "platform/driver/h2_math.h"
#include "platform/driver/h2_shapes.h"

static float value_at(const uint8_t* bytes, uint32_t value_bytes) {
  float single;
  uint16_t half;
  if (value_bytes == 4) {
    memcpy(&single, bytes, sizeof single);
    return single;
  }
  memcpy(&half, bytes, sizeof half);
  return h2_single(half);
}

int h2_gives_values(const h2_device* d) {
  return d->relu || (d->layers[d->table.layers - 1].flags & H2_LAYER_READOUT) != 0;
}

/* The output is one tile of 1x1, blocks of 16 classes, [t][sample][class]; a network of ReLU has
 * one timestep. */
int h2_read_outputs(h2_device* d, uint32_t memory, uint32_t samples, const float** outputs) {
  const h2_map map = h2_output_map(d, samples);
  const uint32_t classes = h2_classes(d);
  float* values = (float*)(void*)d->scratch;
  const uint8_t* bytes = d->scratch + (size_t)samples * classes * sizeof *values;
  const uint64_t at = h2_memory(d, memory) + d->layers[d->table.layers - 1].potential;
  if (d->bus.read(d->bus.context, at, (uint8_t*)(values + (size_t)samples * classes),
                  h2_map_values_bytes(&map, d->value_bytes)))
    return H2_DRV_BUS;
  for (uint32_t c0 = 0; c0 < classes; c0 += H2_BLOCK) {
    const uint32_t c1 = c0 + H2_BLOCK < classes ? c0 + H2_BLOCK : classes;
    for (uint32_t t = 0; t < map.steps; ++t)
      for (uint32_t b = 0; b < samples; ++b)
        for (uint32_t c = c0; c < c1; ++c, bytes += d->value_bytes) {
          const float before = t == 0 ? 0.0F : values[b * classes + c];
          values[b * classes + c] = before + value_at(bytes, d->value_bytes);
        }
  }
  for (uint32_t i = 0; i < samples * classes; ++i) values[i] /= (float)map.steps;
  *outputs = values;
  return H2_OK;
}

uint32_t h2_largest(const float* outputs, uint32_t classes) {
  uint32_t best = 0;
  for (uint32_t k = 1; k < classes; ++k)
    if (outputs[k] > outputs[best]) best = k;
  return best;
}

double h2_value_loss(uint32_t loss, const float* outputs, uint32_t classes, uint32_t label,
                     uint32_t samples, float scale, float* gradient) {
  if (label >= classes || samples == 0) return -1.0;
  const double most = outputs[h2_largest(outputs, classes)];
  double sum = 0.0, error = 0.0;
  for (uint32_t k = 0; k < classes; ++k) sum += h2_exp_below(most - outputs[k]);
  for (uint32_t k = 0; k < classes; ++k) {
    const double wanted = k == label ? 1.0 : 0.0;
    if (loss == H2_LOSS_CROSS_ENTROPY) {
      const double p = h2_exp_below(most - outputs[k]) / sum - wanted;
      gradient[k] = (float)(p / samples * scale);
    } else {
      const double d = outputs[k] - wanted;
      error += d * d / classes;
      gradient[k] = (float)(2.0 * d / ((double)classes * samples) * scale);
    }
  }
  return loss == H2_LOSS_CROSS_ENTROPY ? most - outputs[label] + h2_log(sum) : error;
}
