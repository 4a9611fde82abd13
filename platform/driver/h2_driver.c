#include "platform/driver/h2_driver.h"

#include <string.h>

#include "platform/driver/h2_math.h"

static int read_reg(h2_device* d, uint32_t reg, uint32_t* value) {
  return d->bus.read(d->bus.context, H2_REGS_BASE + reg, value, 4) ? H2_DRV_BUS : H2_OK;
}

static int write_reg(h2_device* d, uint32_t reg, uint32_t value) {
  return d->bus.write(d->bus.context, H2_REGS_BASE + reg, &value, 4) ? H2_DRV_BUS : H2_OK;
}

/* Rings at the bottom of Mem2. */
static uint64_t ring_address(void) { return H2_MEM_BASE(2); }
static uint64_t completion_address(void) {
  return ring_address() + H2_DRIVER_RING * sizeof(h2_descriptor);
}
static int write_address(h2_device* d, uint32_t low, uint64_t address) {
  int error = write_reg(d, low, (uint32_t)address);
  if (!error) error = write_reg(d, low + 4, (uint32_t)(address >> 32));
  return error;
}

static int start_rings(h2_device* d) {
  int error = write_reg(d, H2_REG_CONTROL, H2_CONTROL_RESET);
  for (uint32_t control = H2_CONTROL_RESET; !error && control != 0;)
    error = read_reg(d, H2_REG_CONTROL, &control);
  if (!error) error = write_address(d, H2_REG_RING_BASE_LO, ring_address());
  if (!error) error = write_address(d, H2_REG_COMPLETION_BASE_LO, completion_address());
  if (!error) error = write_reg(d, H2_REG_RING_SIZE, H2_DRIVER_RING);
  if (!error) error = write_reg(d, H2_REG_IRQ_MASK, H2_IRQ_COMPLETION | H2_IRQ_ERROR);
  if (!error) error = write_reg(d, H2_REG_CONTROL, H2_CONTROL_ENABLE);
  return error;
}

int h2_open(h2_device* d, const h2_bus* bus, void* scratch, size_t scratch_bytes) {
  memset(d, 0, sizeof *d);
  d->bus = *bus;
  d->scratch = (uint8_t*)scratch;
  d->scratch_bytes = scratch_bytes;
  d->next_tag = 1;
  uint32_t id = 0, version = 0, caps = 0, tile = 0, memory = 0;
  int error = read_reg(d, H2_REG_ID, &id);
  if (!error) error = read_reg(d, H2_REG_VERSION, &version);
  if (error) return error;
  if (id != H2_ID || version >> 16 != H2_VERSION >> 16) return H2_DRV_NOT_FOUND;
  error = read_reg(d, H2_REG_CAPABILITIES, &caps);
  if (!error) error = read_reg(d, H2_REG_TILE, &tile);
  if (!error) error = read_reg(d, H2_REG_MEMORY_SIZE, &memory);
  if (error) return error;
  d->value_bytes = H2_CAP_VALUE_BYTES(caps);
  d->tile_height = tile & 0xFFFFU;
  d->tile_width = tile >> 16;
  d->memory_bytes = (uint64_t)memory << 20;
  return start_rings(d);
}

/* ---- Descriptors and completions ------------------------------------------------------------- */

static int take_completion(h2_device* d) {
  h2_completion c;
  const uint64_t at = completion_address() + d->completion_tail * sizeof c;
  if (d->bus.read(d->bus.context, at, &c, sizeof c)) return H2_DRV_BUS;
  d->completion_tail = (d->completion_tail + 1) % H2_DRIVER_RING;
  for (uint32_t i = 0; i < H2_DRIVER_RING; ++i) {
    if (d->slots[i].tag != c.tag) continue;
    d->slots[i].done = 1;
    d->slots[i].completion = c;
  }
  return write_reg(d, H2_REG_COMPLETION_TAIL, d->completion_tail);
}

/* Clears the interrupt, then takes every completion: none can be missed in between. */
static int take_completions(h2_device* d) {
  int error = write_reg(d, H2_REG_IRQ_STATUS, H2_IRQ_COMPLETION | H2_IRQ_ERROR);
  uint32_t head = d->completion_tail;
  if (!error) error = read_reg(d, H2_REG_COMPLETION_HEAD, &head);
  while (!error && d->completion_tail != head) error = take_completion(d);
  return error;
}

static h2_slot* slot_of(h2_device* d, uint32_t tag) {
  for (uint32_t i = 0; i < H2_DRIVER_RING; ++i)
    if (d->slots[i].tag == tag) return &d->slots[i];
  return NULL;
}

int h2_submit(h2_device* d, h2_descriptor* descriptor) {
  if (descriptor->version == 0) descriptor->version = H2_DESCRIPTOR_VERSION;
  if (descriptor->size == 0) descriptor->size = sizeof *descriptor;
  if (descriptor->tag == 0) descriptor->tag = d->next_tag++;
  h2_slot* slot = slot_of(d, 0);
  if (slot == NULL) return H2_DRV_ARGUMENT; /* more in flight than the driver ever submits */
  slot->tag = descriptor->tag;
  slot->done = 0;
  const uint64_t at = ring_address() + d->tail * sizeof *descriptor;
  if (d->bus.write(d->bus.context, at, descriptor, sizeof *descriptor)) return H2_DRV_BUS;
  d->tail = (d->tail + 1) % H2_DRIVER_RING;
  return write_reg(d, H2_REG_RING_TAIL, d->tail);
}

int h2_wait(h2_device* d, uint32_t tag) {
  h2_slot* slot = slot_of(d, tag);
  if (tag == 0 || slot == NULL) return H2_DRV_ARGUMENT;
  for (;;) {
    const int error = take_completions(d);
    if (error) return error;
    if (slot->done) break;
    if (d->bus.wait_irq(d->bus.context)) return H2_DRV_IRQ;
  }
  const uint32_t status = slot->completion.status;
  if (status != H2_OK) d->failure = slot->completion;
  slot->tag = 0;
  return (int)status;
}

/* ---- Weights --------------------------------------------------------------------------------- */

/* Sequential writer through a small buffer. */
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

static void put(stream* s, const void* data, size_t bytes) {
  if (s->fill + bytes > sizeof s->bytes) flush(s);
  memcpy(s->bytes + s->fill, data, bytes);
  s->fill += bytes;
}

static void put_value(stream* s, float value, uint32_t value_bytes) {
  const uint16_t half = value_bytes == 2 ? h2_half(value) : 0;
  put(s, value_bytes == 2 ? (const void*)&half : (const void*)&value, value_bytes);
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Calls visit with the OIHW index of every weight, in memory order. */
static void each_weight(const h2_layer* l, void (*visit)(void*, uint64_t), void* context) {
  const uint32_t taps = (uint32_t)l->kernel * l->kernel;
  for (uint32_t ob = 0; ob < l->cout; ob += H2_BLOCK)
    for (uint32_t ib = 0; ib < l->cin; ib += H2_WEIGHT_BLOCK_IN)
      for (uint32_t o = ob; o < least(ob + H2_BLOCK, l->cout); ++o)
        for (uint32_t i = ib; i < least(ib + H2_WEIGHT_BLOCK_IN, l->cin); ++i)
          for (uint32_t t = 0; t < taps; ++t) visit(context, ((uint64_t)o * l->cin + i) * taps + t);
}

typedef struct weight_writer {
  stream to;
  const float* oihw; /* null: zeros */
  uint32_t value_bytes;
} weight_writer;

static void write_one(void* context, uint64_t index) {
  weight_writer* w = (weight_writer*)context;
  put_value(&w->to, w->oihw != NULL ? w->oihw[index] : 0.0F, w->value_bytes);
}

static int write_array(h2_device* d, const h2_layer* l, uint64_t address, const float* oihw,
                       uint32_t value_bytes) {
  weight_writer w = {{d, address, 0, 0, {0}}, oihw, value_bytes};
  each_weight(l, write_one, &w);
  flush(&w.to);
  return w.to.error;
}

int h2_write_weights(h2_device* d, uint32_t layer, const float* oihw) {
  if (layer >= d->table.layers) return H2_DRV_ARGUMENT;
  const h2_layer* l = &d->layers[layer];
  int error = H2_OK;
  for (unsigned m = 0; !error && m < 2; ++m)
    error = write_array(d, l, H2_MEM_BASE(m) + l->weights, oihw, d->value_bytes);
  if (!error) error = write_array(d, l, H2_MEM_BASE(2) + l->master, oihw, 4);
  if (!error) error = write_array(d, l, H2_MEM_BASE(2) + l->momentum, NULL, 4);
  if (!error && d->table.optimizer == H2_OPT_ADAM)
    error = write_array(d, l, H2_MEM_BASE(2) + l->variance, NULL, 4);
  return error;
}

typedef struct weight_reader {
  h2_device* device;
  uint64_t address, end;
  size_t at, fill;
  int error;
  uint8_t* oihw;
  uint8_t bytes[4096];
} weight_reader;

static void read_one(void* context, uint64_t index) {
  weight_reader* r = (weight_reader*)context;
  const uint32_t size = r->device->value_bytes;
  if (r->at == r->fill) {
    const uint64_t left = r->end - r->address;
    r->fill = left < sizeof r->bytes ? (size_t)left : sizeof r->bytes;
    h2_bus* bus = &r->device->bus;
    if (!r->error && bus->read(bus->context, r->address, r->bytes, r->fill)) r->error = H2_DRV_BUS;
    r->address += r->fill;
    r->at = 0;
  }
  memcpy(r->oihw + index * size, r->bytes + r->at, size);
  r->at += size;
}

int h2_read_weights(h2_device* d, uint32_t layer, void* oihw) {
  if (layer >= d->table.layers) return H2_DRV_ARGUMENT;
  const h2_layer* l = &d->layers[layer];
  const uint64_t bytes = (uint64_t)l->cout * l->cin * l->kernel * l->kernel * d->value_bytes;
  const uint64_t base = H2_MEM_BASE(0) + l->weights;
  weight_reader r = {d, base, base + bytes, 0, 0, 0, (uint8_t*)oihw, {0}};
  each_weight(l, read_one, &r);
  return r.error;
}

const char* h2_error_text(int error) {
  switch (error) {
    case H2_OK:
      return "ok";
    case H2_ERR_VERSION:
      return "descriptor or table version not supported";
    case H2_ERR_OPCODE:
      return "unknown opcode";
    case H2_ERR_SIZE:
      return "descriptor size, flags, samples or step out of range";
    case H2_ERR_ALIGNMENT:
      return "address not aligned to 64 bytes";
    case H2_ERR_ADDRESS:
      return "tensor outside its memory";
    case H2_ERR_TABLE:
      return "network table damaged or impossible";
    case H2_ERR_DEPENDENCY:
      return "the backward pass depended on is unknown or failed";
    case H2_ERR_BUS:
      return "an engine's memory access failed";
    case H2_ERR_OVERFLOW:
      return "a gradient is not finite";
    case H2_ERR_DOORBELL:
      return "doorbell out of range or stale";
    case H2_ERR_RING:
      return "ring address or size illegal";
    case H2_ERR_REGISTER:
      return "register access refused";
    case H2_ERR_COMPLETION:
      return "completion ring overrun";
    case H2_ERR_CAPACITY:
      return "a tile set does not fit a global buffer";
    case H2_DRV_BUS:
      return "bus access failed";
    case H2_DRV_NOT_FOUND:
      return "no card, or another contract version";
    case H2_DRV_NO_MEMORY:
      return "the network does not fit the card's memories";
    case H2_DRV_SCRATCH:
      return "scratch buffer too small";
    case H2_DRV_IRQ:
      return "no interrupt came";
    case H2_DRV_ARGUMENT:
      return "illegal argument";
    default:
      return "unknown error";
  }
}
