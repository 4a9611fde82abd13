// SPDX-License-Identifier: Apache-2.0
/* Weights in the card's blocked order. */
#include <string.h>

#include "platform/driver/h2_card.h"
#include "platform/driver/h2_check.h"
#include "platform/driver/h2_driver.h"
#include "platform/driver/h2_math.h"
#include "platform/driver/h2_reason.h"
#include "platform/driver/h2_shapes.h"

/* Sequential writer through a small buffer, a multiple of all sizes of values. */
typedef struct stream {
  h2_device* device;
  uint64_t address;
  size_t fill;
  int error;
  uint8_t bytes[4096];
} stream;

static void flush(stream* s) {
  if (s->fill != 0 && !s->error) {
    h2_bus* bus = &s->device->bus;
    if (bus->write(bus->context, s->address, s->bytes, s->fill)) s->error = H2_DRV_BUS;
  }
  s->address += s->fill;
  s->fill = 0;
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Calls visit(context, index, count) for all weights in memory order, then for what batch norm has:
   `count` of them follow each other in OIHW order from `index`. */
static void each_run(const h2_layer* l, void (*visit)(void*, uint64_t, uint32_t), void* context) {
  const uint32_t taps = (uint32_t)l->kernel * l->kernel;
  for (uint32_t ob = 0; ob < l->cout; ob += H2_BLOCK)
    for (uint32_t ib = 0; ib < l->cin; ib += H2_WEIGHT_BLOCK_IN)
      for (uint32_t o = ob; o < least(ob + H2_BLOCK, l->cout); ++o)
        visit(context, ((uint64_t)o * l->cin + ib) * taps,
              (least(ib + H2_WEIGHT_BLOCK_IN, l->cin) - ib) * taps);
  const uint64_t weights = (uint64_t)l->cout * l->cin * taps, all = h2_parameters(l);
  if (all > weights) visit(context, weights, (uint32_t)(all - weights));
}

typedef struct weight_writer {
  stream to;
  const float* oihw; /* null: zeros */
  uint32_t value_bytes;
} weight_writer;

static void encode(uint8_t* to, const float* from, uint32_t count, uint32_t value_bytes) {
  if (value_bytes == 4) {
    memcpy(to, from, (size_t)count * 4);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) {
    const uint16_t half = h2_half(from[i]);
    memcpy(to + (size_t)i * 2, &half, 2);
  }
}

static void write_run(void* context, uint64_t index, uint32_t count) {
  weight_writer* w = (weight_writer*)context;
  stream* s = &w->to;
  while (count != 0) {
    if (s->fill == sizeof s->bytes) flush(s);
    const uint32_t n = least(count, (uint32_t)(sizeof s->bytes - s->fill) / w->value_bytes);
    const size_t bytes = (size_t)n * w->value_bytes;
    if (w->oihw != NULL) {
      encode(s->bytes + s->fill, w->oihw + index, n, w->value_bytes);
    } else {
      memset(s->bytes + s->fill, 0, bytes);
    }
    s->fill += bytes;
    index += n;
    count -= n;
  }
}

static int write_array(h2_device* d, const h2_layer* l, uint64_t address, const float* oihw,
                       uint32_t value_bytes) {
  weight_writer w = {{d, address, 0, 0, {0}}, oihw, value_bytes};
  each_run(l, write_run, &w);
  flush(&w.to);
  return w.to.error;
}

static int check_target(h2_device* d, uint32_t layer, const void* oihw) {
  const int error = h2_check_loaded(d);
  if (error) return error;
  if (layer >= d->table.layers)
    return h2_refuse_value(d, "layer", -1, "", layer, 0, d->table.layers - 1);
  return oihw != NULL ? H2_OK : h2_refuse(d, "oihw", -1, "", "is null");
}

/* Finite as the card stores them: FP16 rounds to infinity from 65520 on. */
static int check_weights(h2_device* d, const float* oihw, uint64_t count) {
  const uint32_t limit = d->value_bytes == 2 ? 0x477FF000U : 0x7F800000U;
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t bits;
    memcpy(&bits, &oihw[i], sizeof bits);
    if ((bits & 0x7FFFFFFFU) >= limit)
      return h2_refuse(d, "oihw", (int64_t)i, "", "is not finite as the card stores it");
  }
  return H2_OK;
}

int h2_write_weights(h2_device* d, uint32_t layer, const float* oihw) {
  int error = check_target(d, layer, oihw);
  if (error) return error;
  const h2_layer* l = &d->layers[layer];
  error = check_weights(d, oihw, h2_parameters(l));
  for (unsigned m = 0; !error && m < h2_sub_batch_memories(d); ++m)
    error = write_array(d, l, h2_memory(d, m) + l->weights, oihw, d->value_bytes);
  if (!error) error = write_array(d, l, h2_memory(d, 2) + l->master, oihw, 4);
  if (!error) error = write_array(d, l, h2_memory(d, 2) + l->momentum, NULL, 4);
  if (!error && d->table.optimizer == H2_OPT_ADAM)
    error = write_array(d, l, h2_memory(d, 2) + l->variance, NULL, 4);
  return error;
}

typedef struct weight_reader {
  h2_device* device;
  uint64_t address, end;
  uint32_t value_bytes;
  size_t at, fill;
  int error;
  uint8_t* oihw;
  uint8_t bytes[4096];
} weight_reader;

static void refill(weight_reader* r) {
  const uint64_t left = r->end - r->address;
  r->fill = left < sizeof r->bytes ? (size_t)left : sizeof r->bytes;
  h2_bus* bus = &r->device->bus;
  if (!r->error && bus->read(bus->context, r->address, r->bytes, r->fill)) r->error = H2_DRV_BUS;
  r->address += r->fill;
  r->at = 0;
}

static void read_run(void* context, uint64_t index, uint32_t count) {
  weight_reader* r = (weight_reader*)context;
  const uint32_t size = r->value_bytes;
  while (count != 0) {
    if (r->at == r->fill) refill(r);
    const uint32_t n = least(count, (uint32_t)(r->fill - r->at) / size);
    memcpy(r->oihw + index * size, r->bytes + r->at, (size_t)n * size);
    r->at += (size_t)n * size;
    index += n;
    count -= n;
  }
}

static int read_array(h2_device* d, const h2_layer* l, uint64_t address, void* oihw,
                      uint32_t value_bytes) {
  const uint64_t bytes = h2_parameters(l) * value_bytes;
  weight_reader r = {d, address, address + bytes, value_bytes, 0, 0, 0, (uint8_t*)oihw, {0}};
  each_run(l, read_run, &r);
  return r.error;
}

int h2_read_weights(h2_device* d, uint32_t layer, void* oihw) {
  const int error = check_target(d, layer, oihw);
  if (error) return error;
  const h2_layer* l = &d->layers[layer];
  return read_array(d, l, h2_memory(d, 0) + l->weights, oihw, d->value_bytes);
}

uint64_t h2_gradient_address(const h2_device* d, uint32_t layer) {
  return d != NULL && layer < d->table.layers ? h2_memory(d, 2) + d->layers[layer].weight_gradient
                                              : 0;
}

/* Address of the state of a layer, 0: there is none. */
static uint64_t state_address(const h2_device* d, const h2_layer* l, uint32_t state) {
  const uint64_t mem2 = h2_memory(d, 2);
  if (state == H2_STATE_MASTER) return mem2 + l->master;
  if (state == H2_STATE_FIRST) return mem2 + l->momentum;
  return d->table.optimizer == H2_OPT_ADAM ? mem2 + l->variance : 0;
}

static int check_state(h2_device* d, uint32_t layer, uint32_t state, const void* oihw) {
  const int error = check_target(d, layer, oihw);
  if (error) return error;
  const uint32_t most = d->table.optimizer == H2_OPT_ADAM ? H2_STATE_SECOND : H2_STATE_FIRST;
  return state <= most ? H2_OK : h2_refuse_value(d, "state", -1, "", state, 0, most);
}

int h2_read_state(h2_device* d, uint32_t layer, uint32_t state, float* oihw) {
  const int error = check_state(d, layer, state, oihw);
  if (error) return error;
  const h2_layer* l = &d->layers[layer];
  return read_array(d, l, state_address(d, l, state), oihw, 4);
}

int h2_write_state(h2_device* d, uint32_t layer, uint32_t state, const float* oihw) {
  const int error = check_state(d, layer, state, oihw);
  if (error) return error;
  const h2_layer* l = &d->layers[layer];
  return write_array(d, l, state_address(d, l, state), oihw, 4);
}
