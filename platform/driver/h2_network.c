// SPDX-License-Identifier: Apache-2.0
/* Places the tensors of a network, and writes its table. */
#include <string.h>

#include "platform/driver/h2_card.h"
#include "platform/driver/h2_check.h"
#include "platform/driver/h2_driver.h"
#include "platform/driver/h2_reason.h"
#include "platform/driver/h2_shapes.h"

static uint64_t take(uint64_t* used, uint64_t bytes) {
  const uint64_t at = *used;
  *used = (at + bytes + 4095) / 4096 * 4096;
  return at;
}

static uint64_t bits_with(h2_map map, uint32_t border) {
  map.border = border;
  return h2_map_bits_bytes(&map);
}

/* Bytes of grad-w in Mem2, with what a grouped layer keeps behind it. */
static uint64_t gradient_bytes(const h2_device* d, const h2_layer* l, const h2_layer* below,
                               uint64_t weight_bytes) {
  if (!(l->flags & H2_LAYER_GROUPED)) return weight_bytes;
  h2_map in = h2_input_map(d, d->table.sub_batch);
  if (below) {
    const h2_shapes s = h2_shapes_of(below);
    in = h2_map_of(d, below->cout * s.next_planes, s.next_height, s.next_width, d->table.timesteps);
    in.border = h2_input_border(l->kernel);
  }
  const h2_map out = h2_map_of(d, l->cout, 1, 1, d->table.timesteps);
  const uint64_t slot = h2_slot_bytes(&in, &out, d->value_bytes);
  return h2_grouped_bytes(weight_bytes, slot, H2_TABLE_SLOTS(d->table.flags));
}

static uint32_t reach_of(const h2_layer* l) {
  return h2_reach(l->kernel, l->flags & H2_LAYER_VALID);
}

/* `below` is the layer before `l`, `next` the one behind it, or null. `mem` and `mem2` are the same
 * counter where one memory holds all. */
static void place_layer(h2_device* d, h2_layer* l, const h2_layer* below, const h2_layer* next,
                        uint64_t* mem, uint64_t* mem2) {
  const h2_shapes s = h2_shapes_of(l);
  const h2_map soma = h2_map_of(d, l->cout, s.soma_height, s.soma_width, d->table.timesteps);
  const h2_map pooled =
      h2_map_of(d, l->cout * s.next_planes, s.next_height, s.next_width, d->table.timesteps);
  const int after_soma = l->pool == H2_POOL_AFTER_SOMA;
  const uint32_t read = next ? h2_input_border(reach_of(next)) : 0;
  const uint32_t fed = h2_gradient_border(reach_of(l), l->stride, l->pool == H2_POOL_BEFORE_SOMA);
  const uint64_t values = h2_map_values_bytes(&soma, d->value_bytes);
  const uint64_t weights = h2_parameters(l);
  l->weights = take(mem, weights * d->value_bytes);
  l->spikes = take(mem, bits_with(soma, after_soma ? 0 : read));
  l->pooled = after_soma ? take(mem, bits_with(pooled, read)) : 0;
  l->potential = take(mem, values);
  l->mask = take(mem, bits_with(soma, 0));
  l->gradient = take(mem, l->flags & H2_LAYER_BATCH_NORM ? h2_norm_end(values, l->cout) : values);
  l->gradient_mask = l->kind == H2_LAYER_CONV ? take(mem, bits_with(soma, fed)) : 0;
  l->weight_gradient = take(mem2, gradient_bytes(d, l, below, weights * d->value_bytes));
  l->master = take(mem2, weights * 4);
  l->momentum = take(mem2, weights * 4);
  l->variance = d->table.optimizer == H2_OPT_ADAM ? take(mem2, weights * 4) : 0;
}

static size_t neuron_bytes(const h2_device* d) {
  return d->table.flags & H2_TABLE_NEURONS ? d->table.layers * sizeof(h2_neuron) : 0;
}

static void seal_table(h2_device* d) {
  d->table.checksum = 0;
  uint32_t sum = h2_checksum(0, &d->table, sizeof(h2_table));
  sum = h2_checksum(sum, d->layers, d->table.layers * sizeof(h2_layer));
  if (neuron_bytes(d)) sum = h2_checksum(sum, d->neurons, neuron_bytes(d));
  d->table.checksum = sum;
}

static int write_table(h2_device* d) {
  const size_t records = d->table.layers * sizeof(h2_layer);
  const uint64_t at = d->table_address;
  if (d->bus.write(d->bus.context, at, &d->table, sizeof(h2_table))) return H2_DRV_BUS;
  if (d->bus.write(d->bus.context, at + sizeof(h2_table), d->layers, records)) return H2_DRV_BUS;
  if (neuron_bytes(d) == 0) return H2_OK;
  return d->bus.write(d->bus.context, at + sizeof(h2_table) + records, d->neurons, neuron_bytes(d))
             ? H2_DRV_BUS
             : H2_OK;
}

float h2_decay(const h2_device* d, float wanted) {
  return d != NULL && d->shift_decay ? H2_SHIFT_ALPHA : wanted;
}

int h2_load_network(h2_device* d, const h2_table* table, const h2_layer* layers, uint32_t count) {
  return h2_load_neurons(d, table, layers, NULL, count);
}

int h2_load_neurons(h2_device* d, const h2_table* table, const h2_layer* layers,
                    const h2_neuron* neurons, uint32_t count) {
  int error = h2_check_device(d);
  if (!error) error = h2_check_network(d, table, layers, count);
  if (!error && neurons) error = h2_check_neurons(d, neurons, count);
  if (error) return error;
  d->table = *table;
  d->table.magic = H2_TABLE_MAGIC;
  d->table.version = H2_TABLE_VERSION;
  d->table.layers = count;
  d->table.layer_size = sizeof(h2_layer);
  d->table.flags = table->flags | (neurons ? H2_TABLE_NEURONS : 0U);
  memcpy(d->layers, layers, count * sizeof(h2_layer));
  if (neurons) memcpy(d->neurons, neurons, count * sizeof(h2_neuron));
  d->rates = 0;
  memset(&d->pass, 0, sizeof d->pass);
  uint64_t own = 0;
  uint64_t mem2 = H2_DRIVER_RING_BYTES; /* wherever the rings are */
  uint64_t* mem = d->memory_count == 1 ? &mem2 : &own;
  d->table_address =
      h2_memory(d, 2) + take(&mem2, sizeof(h2_table) + count * sizeof(h2_layer) + neuron_bytes(d));
  const h2_map in = h2_input_map(d, table->sub_batch), out = h2_output_map(d, table->sub_batch);
  const uint64_t input = take(mem, h2_map_bits_bytes(&in));
  const uint64_t gradient = take(mem, h2_map_values_bytes(&out, d->value_bytes));
  for (unsigned m = 0; m < 2; ++m) {
    d->input[m] = h2_memory(d, m) + input;
    d->gradient[m] = h2_memory(d, m) + gradient;
  }
  for (uint32_t l = 0; l < count; ++l)
    place_layer(d, &d->layers[l], l > 0 ? &d->layers[l - 1] : NULL,
                l + 1 < count ? &d->layers[l + 1] : NULL, mem, &mem2);
  d->used[0] = d->used[1] = *mem;
  d->used[2] = mem2;
  const uint64_t needed = *mem > mem2 ? *mem : mem2;
  if (needed > d->memory_bytes) {
    d->table.layers = 0;
    return h2_lacks(d, H2_DRV_NO_MEMORY, "a memory", needed, d->memory_bytes);
  }
  seal_table(d);
  error = d->locked ? h2_reset(d) : H2_OK;
  if (!error) error = write_table(d);
  if (!error) error = h2_open_windows(d);
  if (error) return error;
  const size_t scratch = h2_scratch_bytes(d);
  return scratch <= d->scratch_bytes
             ? H2_OK
             : h2_lacks(d, H2_DRV_SCRATCH, "scratch", scratch, d->scratch_bytes);
}

int h2_recover(h2_device* d) {
  int error = h2_reset(d);
  if (!error && d->table.layers != 0) error = write_table(d);
  if (!error && d->table.layers != 0) error = h2_open_windows(d);
  return error;
}

int h2_set_loss_scale(h2_device* d, float loss_scale) {
  int error = h2_check_loaded(d);
  if (error) return error;
  error = h2_check_loss_scale(d, loss_scale);
  if (error) return error;
  d->table.loss_scale = loss_scale;
  seal_table(d);
  return h2_recover(d);
}

int h2_set_rates(h2_device* d, float learning_rate, float weight_decay) {
  int error = h2_check_loaded(d);
  if (error) return error;
  error = h2_check_rates(d, learning_rate, weight_decay);
  if (error) return error;
  d->rates = 1;
  d->learning_rate = learning_rate;
  d->weight_decay = weight_decay;
  return H2_OK;
}

size_t h2_scratch_bytes(const h2_device* d) {
  if (d == NULL || d->table.layers == 0) return 0;
  const h2_map in = h2_input_map(d, d->table.sub_batch), out = h2_output_map(d, d->table.sub_batch);
  const uint64_t input = h2_map_bits_bytes(&in), bits = h2_map_bits_bytes(&out);
  const uint64_t values = h2_map_values_bytes(&out, d->value_bytes);
  const uint64_t counts = (uint64_t)d->table.sub_batch * h2_classes(d) * 8; /* and gradients */
  const uint64_t output = (bits > values ? bits : values) + counts + 16;
  return (size_t)(input > output ? input : output);
}
