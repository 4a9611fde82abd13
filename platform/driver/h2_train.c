/* Placement of a network's tensors, and the training schedule of Fig. 10. */
#include <string.h>

#include "platform/driver/h2_driver.h"
#include "platform/driver/h2_math.h"

/* ---- Placement ------------------------------------------------------------------------------- */

typedef struct shapes {
  uint32_t out_height, out_width, soma_height, soma_width, next_height, next_width, next_planes;
} shapes;

static shapes shapes_of(const h2_layer* l) {
  shapes s;
  const uint32_t pad = l->kernel / 2U, shrink = l->pool == H2_POOL_NONE ? 1 : 2;
  s.out_height = (l->in_height + 2 * pad - l->kernel) / l->stride + 1;
  s.out_width = (l->in_width + 2 * pad - l->kernel) / l->stride + 1;
  s.next_height = s.out_height / shrink;
  s.next_width = s.out_width / shrink;
  s.soma_height = l->pool == H2_POOL_BEFORE_SOMA ? s.next_height : s.out_height;
  s.soma_width = l->pool == H2_POOL_BEFORE_SOMA ? s.next_width : s.out_width;
  s.next_planes = l->pool == H2_POOL_AFTER_SOMA ? 3 : 1;
  return s;
}

static h2_map map_of(const h2_device* d, uint32_t channels, uint32_t height, uint32_t width,
                     uint32_t steps) {
  h2_map m;
  m.channels = channels;
  m.height = height;
  m.width = width;
  m.steps = steps;
  m.samples = d->table.sub_batch;
  m.tile_height = d->tile_height;
  m.tile_width = d->tile_width;
  return m;
}

static h2_map input_map(const h2_device* d, uint32_t samples) {
  const h2_layer* l = &d->layers[0];
  h2_map m = map_of(d, l->cin * l->planes, l->in_height, l->in_width,
                    l->flags & H2_LAYER_ENCODING ? 1 : d->table.timesteps);
  m.samples = samples;
  return m;
}

static h2_map output_map(const h2_device* d, uint32_t samples) {
  const h2_layer* l = &d->layers[d->table.layers - 1];
  const shapes s = shapes_of(l);
  h2_map m = map_of(d, l->cout, s.soma_height, s.soma_width, d->table.timesteps);
  m.samples = samples;
  return m;
}

static uint64_t take(uint64_t* used, uint64_t bytes) {
  const uint64_t at = *used;
  *used = (at + bytes + 4095) / 4096 * 4096;
  return at;
}

static void place_layer(h2_device* d, h2_layer* l, uint64_t* mem, uint64_t* mem2) {
  const shapes s = shapes_of(l);
  const h2_map soma = map_of(d, l->cout, s.soma_height, s.soma_width, d->table.timesteps);
  const h2_map pooled =
      map_of(d, l->cout * s.next_planes, s.next_height, s.next_width, d->table.timesteps);
  const uint64_t bits = h2_map_bits_bytes(&soma);
  const uint64_t values = h2_map_values_bytes(&soma, d->value_bytes);
  const uint64_t weights = (uint64_t)l->cout * l->cin * l->kernel * l->kernel;
  l->weights = take(mem, weights * d->value_bytes);
  l->spikes = take(mem, bits);
  l->pooled = l->pool == H2_POOL_AFTER_SOMA ? take(mem, h2_map_bits_bytes(&pooled)) : 0;
  l->potential = take(mem, values);
  l->mask = take(mem, bits);
  l->gradient = take(mem, values);
  l->gradient_mask = l->kind == H2_LAYER_CONV ? take(mem, bits) : 0;
  l->weight_gradient = take(mem2, weights * d->value_bytes);
  l->master = take(mem2, weights * 4);
  l->momentum = take(mem2, weights * 4);
  l->variance = d->table.optimizer == H2_OPT_ADAM ? take(mem2, weights * 4) : 0;
}

int h2_load_network(h2_device* d, const h2_table* table, const h2_layer* layers, uint32_t count) {
  if (count < 1 || count > H2_MAX_LAYERS) return H2_DRV_ARGUMENT;
  d->table = *table;
  d->table.magic = H2_TABLE_MAGIC;
  d->table.version = H2_TABLE_VERSION;
  d->table.layers = count;
  d->table.layer_size = sizeof(h2_layer);
  d->table.checksum = 0;
  memcpy(d->layers, layers, count * sizeof(h2_layer));
  uint64_t mem = 0;
  uint64_t mem2 = H2_DRIVER_RING * (sizeof(h2_descriptor) + sizeof(h2_completion));
  d->table_address = H2_MEM_BASE(2) + take(&mem2, sizeof(h2_table) + count * sizeof(h2_layer));
  const h2_map in = input_map(d, table->sub_batch), out = output_map(d, table->sub_batch);
  const uint64_t input = take(&mem, h2_map_bits_bytes(&in));
  const uint64_t gradient = take(&mem, h2_map_values_bytes(&out, d->value_bytes));
  for (unsigned m = 0; m < 2; ++m) {
    d->input[m] = H2_MEM_BASE(m) + input;
    d->gradient[m] = H2_MEM_BASE(m) + gradient;
  }
  for (uint32_t l = 0; l < count; ++l) place_layer(d, &d->layers[l], &mem, &mem2);
  d->used[0] = d->used[1] = mem;
  d->used[2] = mem2;
  if (mem > d->memory_bytes || mem2 > d->memory_bytes) return H2_DRV_NO_MEMORY;
  d->table.checksum =
      h2_checksum(h2_checksum(0, &d->table, sizeof(h2_table)), d->layers, count * sizeof(h2_layer));
  if (d->bus.write(d->bus.context, d->table_address, &d->table, sizeof(h2_table)) ||
      d->bus.write(d->bus.context, d->table_address + sizeof(h2_table), d->layers,
                   count * sizeof(h2_layer)))
    return H2_DRV_BUS;
  return h2_scratch_bytes(d) > d->scratch_bytes ? H2_DRV_SCRATCH : H2_OK;
}

static uint32_t classes_of(const h2_device* d) { return d->layers[d->table.layers - 1].cout; }

size_t h2_scratch_bytes(const h2_device* d) {
  const h2_map in = input_map(d, d->table.sub_batch), out = output_map(d, d->table.sub_batch);
  const uint64_t input = h2_map_bits_bytes(&in), bits = h2_map_bits_bytes(&out);
  const uint64_t values = h2_map_values_bytes(&out, d->value_bytes);
  const uint64_t counts = (uint64_t)d->table.sub_batch * classes_of(d) * 8; /* and gradients */
  const uint64_t output = (bits > values ? bits : values) + counts + 16;
  return (size_t)(input > output ? input : output);
}

/* ---- Schedule -------------------------------------------------------------------------------- */

static h2_descriptor describe(const h2_device* d, uint8_t opcode, uint32_t memory,
                              uint32_t samples) {
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

static int write_input(h2_device* d, const h2_sub_batch* batch, uint32_t memory) {
  if (batch->count < 1 || batch->count > d->table.sub_batch) return H2_DRV_ARGUMENT;
  const h2_map map = input_map(d, batch->count);
  h2_pack_input(&map, d->layers[0].planes, batch->samples, d->scratch);
  return d->bus.write(d->bus.context, d->input[memory], d->scratch, h2_map_bits_bytes(&map))
             ? H2_DRV_BUS
             : H2_OK;
}

/* Spike counts per sample and class, at the start of the scratch buffer. The output is one tile of
 * 1x1, blocks of 16 classes, [t][sample][class]. */
static int read_counts(h2_device* d, uint32_t memory, uint32_t samples, uint32_t** counts) {
  const h2_map map = output_map(d, samples);
  const uint32_t classes = classes_of(d);
  *counts = (uint32_t*)(void*)d->scratch;
  uint8_t* bits = d->scratch + (size_t)samples * classes * 4;
  memset(*counts, 0, (size_t)samples * classes * 4);
  const uint64_t at = H2_MEM_BASE(memory) + d->layers[d->table.layers - 1].spikes;
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

static uint32_t most_spikes(const uint32_t* counts, uint32_t classes) {
  uint32_t best = 0;
  for (uint32_t k = 1; k < classes; ++k)
    if (counts[k] > counts[best]) best = k;
  return best;
}

/* grad-s of the last layer, the same at every timestep: [block of 16][t][sample][class]. */
static int write_gradient(h2_device* d, const float* gradients, uint32_t samples, uint32_t memory,
                          uint8_t* values) {
  const uint32_t classes = classes_of(d);
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

/* Loss and its gradient from the spikes that the forward pass left in memory. A network that does
 * not end in one position per class (timing runs) gets no gradient from here. */
static int apply_loss(h2_device* d, h2_group* g, const h2_sub_batch* batch, uint32_t memory) {
  const h2_map out = output_map(d, batch->count);
  if (d->bus.work) d->bus.work(d->bus.context);
  if (out.height * out.width != 1) return H2_OK;
  uint32_t* counts;
  const int error = read_counts(d, memory, batch->count, &counts);
  if (error) return error;
  const uint32_t classes = classes_of(d);
  float* gradients = (float*)(void*)(d->scratch + (size_t)batch->count * classes * 4);
  for (uint32_t b = 0; b < batch->count; ++b) {
    const uint32_t* n = counts + b * classes;
    const float scale = d->table.loss_scale;
    g->loss_sum += g->loss == H2_LOSS_CROSS_ENTROPY
                       ? h2_loss_cross_entropy(n, classes, batch->labels[b], g->samples, scale,
                                               gradients + b * classes)
                       : h2_loss_mse(n, classes, batch->labels[b], d->table.timesteps, g->samples,
                                     scale, gradients + b * classes);
    g->correct += most_spikes(n, classes) == batch->labels[b];
  }
  return write_gradient(d, gradients, batch->count, memory,
                        (uint8_t*)(gradients + (size_t)batch->count * classes));
}

/* One sub-batch on its way through the pipeline. */
typedef struct flight {
  h2_sub_batch batch;
  uint32_t memory, forward, backward, weight;
} flight;

static int finish(h2_device* d, flight* f) {
  int error = f->backward ? h2_wait(d, f->backward) : H2_OK;
  const int weight_error = f->weight ? h2_wait(d, f->weight) : H2_OK;
  f->backward = f->weight = 0;
  return error ? error : weight_error;
}

static int start_forward(h2_device* d, h2_group* g, flight* f) {
  f->memory = d->parity++ & 1U;
  int error = g->source(g->source_context, &f->batch) ? H2_DRV_ARGUMENT : H2_OK;
  if (!error) error = write_input(d, &f->batch, f->memory);
  if (error) return error;
  h2_descriptor x = describe(d, H2_OP_FORWARD, f->memory, f->batch.count);
  error = h2_submit(d, &x);
  f->forward = x.tag;
  return error;
}

static int start_backward(h2_device* d, flight* f, uint32_t flags) {
  h2_descriptor back = describe(d, H2_OP_BACKWARD, f->memory, f->batch.count);
  back.flags = (uint16_t)flags;
  int error = h2_submit(d, &back);
  f->backward = back.tag;
  if (error) return error;
  h2_descriptor weight = describe(d, H2_OP_WEIGHT_GRADIENT, f->memory, f->batch.count);
  weight.flags = (uint16_t)flags;
  weight.depends = back.tag;
  error = h2_submit(d, &weight);
  f->weight = weight.tag;
  return error;
}

static int start_update(h2_device* d, uint32_t* tag) {
  h2_descriptor x = describe(d, H2_OP_UPDATE, 0, 1);
  x.step = ++d->step;
  const int error = h2_submit(d, &x);
  *tag = x.tag;
  return error;
}

int h2_train_group(h2_device* d, h2_group* g) {
  flight flights[2];
  memset(flights, 0, sizeof flights);
  g->loss_sum = 0.0;
  g->correct = 0;
  int error = start_forward(d, g, &flights[0]);
  for (uint32_t i = 0; !error && i < g->sub_batches; ++i) {
    flight *now = &flights[i % 2], *other = &flights[(i + 1) % 2];
    const uint32_t flags =
        (i == 0 ? H2_DESC_FIRST : 0U) | (i + 1 == g->sub_batches ? H2_DESC_LAST : 0U);
    error = h2_wait(d, now->forward);
    if (!error) error = apply_loss(d, g, &now->batch, now->memory);
    /* The memory of the sub-batch before is the next one's: once it is free, the backward pass of
     * this one and the forward pass of the next start side by side (Fig. 10). */
    if (!error) error = finish(d, other);
    if (!error) error = start_backward(d, now, flags);
    if (!error && !g->overlap) error = finish(d, now);
    if (!error && i + 1 < g->sub_batches) error = start_forward(d, g, other);
  }
  if (!error) error = finish(d, &flights[(g->sub_batches - 1) % 2]);
  uint32_t tag = 0;
  if (!error) error = start_update(d, &tag);
  return error ? error : h2_wait(d, tag);
}

int h2_infer(h2_device* d, const h2_sub_batch* batch, uint32_t* predicted) {
  const uint32_t memory = d->parity++ & 1U;
  int error = write_input(d, batch, memory);
  if (error) return error;
  h2_descriptor x = describe(d, H2_OP_FORWARD, memory, batch->count);
  x.flags = H2_DESC_INFERENCE;
  error = h2_submit(d, &x);
  if (!error) error = h2_wait(d, x.tag);
  uint32_t* counts;
  if (!error) error = read_counts(d, memory, batch->count, &counts);
  if (error) return error;
  for (uint32_t b = 0; b < batch->count; ++b)
    predicted[b] = most_spikes(counts + b * classes_of(d), classes_of(d));
  return H2_OK;
}
