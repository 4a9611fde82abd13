// SPDX-License-Identifier: Apache-2.0
/* The parts of a training, and its passes one by one. */
#include "platform/driver/h2_passes.h"

#include <string.h>

#include "platform/driver/h2_card.h"
#include "platform/driver/h2_check.h"
#include "platform/driver/h2_math.h"
#include "platform/driver/h2_reason.h"
#include "platform/driver/h2_shapes.h"
#include "platform/driver/h2_values.h"

h2_descriptor h2_describe(const h2_device* d, uint8_t opcode, uint32_t memory, uint32_t samples) {
  h2_descriptor x;
  memset(&x, 0, sizeof x);
  x.opcode = opcode;
  x.memory = (uint16_t)memory;
  x.samples = (uint16_t)samples;
  x.table = d->table_address;
  x.input = d->input[memory];
  x.output_gradient = d->gradient[memory];
  return x;
}

uint32_t h2_next_memory(h2_device* d) { return d->parity++ % h2_sub_batch_memories(d); }

int h2_write_input(h2_device* d, const h2_sub_batch* batch, uint32_t memory) {
  const h2_map map = h2_input_map(d, batch->count);
  h2_pack_input(&map, d->layers[0].planes, batch->samples, d->scratch);
  return d->bus.write(d->bus.context, d->input[memory], d->scratch, h2_map_bits_bytes(&map))
             ? H2_DRV_BUS
             : H2_OK;
}

/* The output is one tile of 1x1, blocks of 16 classes, [t][sample][class]. */
int h2_read_counts(h2_device* d, uint32_t memory, uint32_t samples, uint32_t** counts) {
  const h2_map map = h2_output_map(d, samples);
  const uint32_t classes = h2_classes(d);
  *counts = (uint32_t*)(void*)d->scratch;
  uint8_t* bits = d->scratch + (size_t)samples * classes * 4;
  memset(*counts, 0, (size_t)samples * classes * 4);
  const uint64_t at = h2_memory(d, memory) + d->layers[d->table.layers - 1].spikes;
  if (d->bus.read(d->bus.context, at, bits, h2_map_bits_bytes(&map))) return H2_DRV_BUS;
  for (uint32_t block = 0; block < h2_blocks(&map); ++block) {
    const uint32_t c0 = block * H2_BLOCK;
    const uint32_t c1 = c0 + H2_BLOCK < classes ? c0 + H2_BLOCK : classes;
    uint64_t bit = 0;
    for (uint32_t t = 0; t < map.steps; ++t)
      for (uint32_t b = 0; b < samples; ++b)
        for (uint32_t c = c0; c < c1; ++c, ++bit)
          (*counts)[b * classes + c] += (bits[bit / 8] >> (bit % 8)) & 1U;
    bits += h2_bits_bytes(bit);
  }
  return H2_OK;
}

uint32_t h2_most_spikes(const uint32_t* counts, uint32_t classes) {
  uint32_t best = 0;
  for (uint32_t k = 1; k < classes; ++k)
    if (counts[k] > counts[best]) best = k;
  return best;
}

int h2_write_gradient(h2_device* d, const float* gradients, uint32_t samples, uint32_t memory,
                      uint8_t* values) {
  const uint32_t classes = h2_classes(d);
  uint8_t* to = values;
  for (uint32_t c0 = 0; c0 < classes; c0 += H2_BLOCK) {
    const uint32_t c1 = c0 + H2_BLOCK < classes ? c0 + H2_BLOCK : classes;
    for (uint32_t t = 0; t < d->table.timesteps; ++t)
      for (uint32_t b = 0; b < samples; ++b)
        for (uint32_t c = c0; c < c1; ++c, to += d->value_bytes) {
          const float g = gradients[b * classes + c];
          const uint16_t half = h2_half(g);
          memcpy(to, d->value_bytes == 2 ? (const void*)&half : (const void*)&g, d->value_bytes);
        }
  }
  return d->bus.write(d->bus.context, d->gradient[memory], values, (size_t)(to - values))
             ? H2_DRV_BUS
             : H2_OK;
}

int h2_has_classes(const h2_device* d) {
  const h2_map out = h2_output_map(d, 1);
  return out.height == 1 && out.width == 1;
}

int h2_start_update(h2_device* d, uint32_t* tag) {
  h2_descriptor x = h2_describe(d, H2_OP_UPDATE, 0, 1);
  x.step = d->step + 1;
  if (d->rates) {
    x.flags = H2_DESC_RATES;
    x.learning_rate = d->learning_rate;
    x.weight_decay = d->weight_decay;
  }
  const int error = h2_submit(d, &x);
  *tag = x.tag;
  return error;
}

int h2_start_backward(h2_device* d, uint32_t memory, uint32_t samples, uint32_t flags,
                      uint32_t* backward, uint32_t* weight) {
  h2_descriptor back = h2_describe(d, H2_OP_BACKWARD, memory, samples);
  back.flags = (uint16_t)flags;
  int error = h2_submit(d, &back);
  *backward = back.tag;
  if (error) return error;
  h2_descriptor sums = h2_describe(d, H2_OP_WEIGHT_GRADIENT, memory, samples);
  sums.flags = (uint16_t)flags;
  sums.depends = back.tag;
  error = h2_submit(d, &sums);
  *weight = sums.tag;
  return error;
}

static int check_pass(h2_device* d, const h2_sub_batch* batch, const float* outputs) {
  const int error = h2_check_loaded(d);
  if (error) return error;
  if (batch == NULL) return h2_refuse(d, "batch", -1, "", "is null");
  if (outputs == NULL) return h2_refuse(d, "outputs", -1, "", "is null");
  if (!h2_has_classes(d))
    return h2_refuse(d, "network", -1, "", "does not end in one position per class");
  return h2_check_sub_batch(d, batch, 0);
}

static int copy_outputs(h2_device* d, uint32_t memory, uint32_t samples, float* outputs) {
  const size_t count = (size_t)samples * h2_classes(d);
  const int gives_values = h2_gives_values(d);
  const float* values = NULL;
  uint32_t* counts = NULL;
  const int error = gives_values ? h2_read_outputs(d, memory, samples, &values)
                                 : h2_read_counts(d, memory, samples, &counts);
  for (size_t i = 0; !error && i < count; ++i)
    outputs[i] = gives_values ? values[i] : (float)counts[i];
  return error;
}

int h2_forward(h2_device* d, const h2_sub_batch* batch, float* outputs) {
  int error = check_pass(d, batch, outputs);
  if (error) return error;
  const uint32_t memory = h2_next_memory(d);
  d->pass.samples = 0;
  error = h2_write_input(d, batch, memory);
  if (error) return error;
  h2_descriptor x = h2_describe(d, H2_OP_FORWARD, memory, batch->count);
  error = h2_submit(d, &x);
  if (!error) error = h2_wait(d, x.tag);
  if (!error) error = copy_outputs(d, memory, batch->count, outputs);
  if (error) return error;
  d->pass.memory = memory;
  d->pass.parity = d->parity;
  d->pass.samples = batch->count;
  return H2_OK;
}

static int check_backward(h2_device* d, const float* gradients) {
  const int error = h2_check_loaded(d);
  if (error) return error;
  if (d->pass.samples == 0)
    return h2_refuse(d, "forward", -1, "", "is missing: h2_forward() comes before h2_backward()");
  if (d->parity - d->pass.parity >= h2_sub_batch_memories(d))
    return h2_refuse(d, "forward", -1, "", "is too long ago: others have taken its memory since");
  if (gradients == NULL) return h2_refuse(d, "gradients", -1, "", "is null");
  const size_t count = (size_t)d->pass.samples * h2_classes(d);
  for (size_t i = 0; i < count; ++i)
    if (!(gradients[i] - gradients[i] == 0.0F))
      return h2_refuse(d, "gradients", (int64_t)i, "", "is not finite");
  return H2_OK;
}

int h2_backward(h2_device* d, const float* gradients, int last) {
  int error = check_backward(d, gradients);
  if (error) return error;
  const uint32_t samples = d->pass.samples, memory = d->pass.memory;
  const size_t count = (size_t)samples * h2_classes(d);
  float* scaled = (float*)(void*)d->scratch;
  /* Of values the mean of all timesteps is judged: each has its share of the gradient. */
  const float scale = d->table.loss_scale / (h2_gives_values(d) ? (float)d->table.timesteps : 1.0F);
  for (size_t i = 0; i < count; ++i) scaled[i] = gradients[i] * scale;
  d->pass.samples = 0;
  error = h2_write_gradient(d, scaled, samples, memory, (uint8_t*)(scaled + count));
  if (error) return error;
  const uint32_t flags = (d->pass.open ? 0U : H2_DESC_FIRST) | (last ? (uint32_t)H2_DESC_LAST : 0U);
  uint32_t backward = 0, weight = 0;
  error = h2_start_backward(d, memory, samples, flags, &backward, &weight);
  if (!error) error = h2_wait(d, backward);
  if (!error) error = h2_wait(d, weight);
  if (error) return error;
  d->pass.open = !last;
  d->pass.complete = last != 0;
  return H2_OK;
}

int h2_update_weights(h2_device* d) {
  int error = h2_check_loaded(d);
  if (error) return error;
  if (!d->pass.complete)
    return h2_refuse(d, "gradients", -1, "", "are not complete: h2_backward() with `last` is due");
  d->pass.complete = 0;
  uint32_t tag = 0;
  error = h2_start_update(d, &tag);
  if (!error) error = h2_wait(d, tag);
  if (!error) ++d->step;
  return error;
}
