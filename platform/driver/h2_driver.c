// SPDX-License-Identifier: Apache-2.0
#include "platform/driver/h2_driver.h"

#include <string.h>

#include "modules/contract/spinalflow_contract.h"
#include "modules/contract/spinaps_contract.h"
#include "platform/driver/h2_card.h"
#include "platform/driver/h2_check.h"
#include "platform/driver/h2_reason.h"

/* On one bus: the system address map has room for these. */
enum { MOST_CARDS = 8 };

static int read_reg(h2_device* d, uint32_t reg, uint32_t* value) {
  return d->bus.read(d->bus.context, d->registers + reg, value, 4) ? H2_DRV_BUS : H2_OK;
}

static int write_reg(h2_device* d, uint32_t reg, uint32_t value) {
  return d->bus.write(d->bus.context, d->registers + reg, &value, 4) ? H2_DRV_BUS : H2_OK;
}

static uint64_t ring_address(const h2_device* d) {
  return d->rings != 0 ? d->rings : h2_memory(d, 2);
}
static uint64_t completion_address(const h2_device* d) {
  return ring_address(d) + H2_DRIVER_RING * sizeof(h2_descriptor);
}
static int write_address(h2_device* d, uint32_t low, uint64_t address) {
  int error = write_reg(d, low, (uint32_t)address);
  if (!error) error = write_reg(d, low + 4, (uint32_t)(address >> 32));
  return error;
}

static int set_window(h2_device* d, uint32_t n, uint64_t address, uint64_t bytes, uint32_t rights) {
  const uint32_t first = (uint32_t)(address / H2_WINDOW_PAGE);
  const uint32_t pages = (uint32_t)((bytes + H2_WINDOW_PAGE - 1) / H2_WINDOW_PAGE);
  int error = write_reg(d, H2_REG_WINDOW_BASE(n), first);
  if (!error) error = write_reg(d, H2_REG_WINDOW_LIMIT(n), first + pages);
  if (!error) error = write_reg(d, H2_REG_WINDOW_CONTROL(n), rights);
  return error;
}

/* The card may reach what the network uses, and nothing else until the next reset. */
int h2_open_windows(h2_device* d) {
  int error = H2_OK;
  for (uint32_t n = 0; !error && n < d->memory_count; ++n)
    error = set_window(d, n, h2_memory(d, n), d->used[n],
                       H2_WINDOW_READ | H2_WINDOW_WRITE | H2_WINDOW_LOCK);
  if (!error && d->rings != 0)
    error = set_window(d, 3, d->rings, H2_DRIVER_RING_BYTES,
                       H2_WINDOW_READ | H2_WINDOW_WRITE | H2_WINDOW_LOCK);
  d->locked = 1;
  return error;
}

int h2_reset(h2_device* d) {
  int error = h2_check_device(d);
  if (error) return error;
  error = write_reg(d, H2_REG_CONTROL, H2_CONTROL_RESET);
  for (uint32_t control = H2_CONTROL_RESET; !error && control != 0;)
    error = read_reg(d, H2_REG_CONTROL, &control);
  if (!error) error = write_address(d, H2_REG_RING_BASE_LO, ring_address(d));
  if (!error) error = write_address(d, H2_REG_COMPLETION_BASE_LO, completion_address(d));
  if (!error) error = write_reg(d, H2_REG_RING_SIZE, H2_DRIVER_RING);
  if (!error) error = write_reg(d, H2_REG_IRQ_MASK, H2_IRQ_COMPLETION | H2_IRQ_ERROR);
  if (!error) error = write_reg(d, H2_REG_TIMEOUT, d->timeout);
  if (!error) error = write_reg(d, H2_REG_CONTROL, H2_CONTROL_ENABLE);
  memset(&d->pass, 0, sizeof d->pass);
  d->tail = d->completion_tail = 0;
  d->locked = 0;
  memset(d->slots, 0, sizeof d->slots);
  return error;
}

int h2_place_rings(h2_device* d, uint64_t rings) {
  const int error = h2_check_device(d);
  if (error) return error;
  if (rings % H2_WINDOW_PAGE != 0)
    return h2_refuse(d, "rings", -1, "", "is not at a multiple of 4096");
  if (rings >= (UINT64_C(1) << 32) * H2_WINDOW_PAGE)
    return h2_refuse(d, "rings", -1, "", "is beyond what a window reaches");
  d->rings = rings;
  return h2_recover(d);
}

int h2_set_timeout(h2_device* d, uint64_t core_cycles) {
  const int error = h2_check_device(d);
  if (error) return error;
  const uint64_t units = core_cycles / 1024 + (core_cycles % 1024 != 0);
  if (units > UINT32_MAX)
    return h2_refuse_value(d, "core_cycles", -1, "", core_cycles, 0, (uint64_t)UINT32_MAX * 1024);
  d->timeout = (uint32_t)units;
  return write_reg(d, H2_REG_TIMEOUT, d->timeout);
}

int h2_last_step(h2_device* d, uint32_t* step) {
  const int error = h2_check_device(d);
  if (error) return error;
  return step != NULL ? read_reg(d, H2_REG_LAST_STEP, step)
                      : h2_refuse(d, "step", -1, "", "is null");
}

/* Returns H2_DRV_NOT_FOUND, with a reason. */
static int no_card(h2_device* d, const char* reg, const char* why) {
  h2_refuse(d, reg, -1, "", why);
  return H2_DRV_NOT_FOUND;
}

int h2_confirm_weights(h2_device* d) {
  const int error = h2_check_device(d);
  if (error) return error;
  d->step = 0;
  return write_reg(d, H2_REG_LAST_STEP, 0);
}

int h2_resume_steps(h2_device* d, uint32_t step) {
  int error = h2_check_device(d);
  if (error) return error;
  if (write_reg(d, H2_REG_LAST_STEP, step))
    return h2_refuse(d, "step", -1, "", "is set too late: reset the card first");
  d->step = step;
  return H2_OK;
}

int h2_open(h2_device* d, const h2_bus* bus, void* scratch, size_t scratch_bytes) {
  return h2_open_card(d, bus, 0, scratch, scratch_bytes);
}

int h2_open_as(h2_device* d, const h2_bus* bus, uint32_t card, void* scratch, size_t scratch_bytes,
               uint32_t expected, const char* wrong) {
  if (d == NULL) return H2_DRV_ARGUMENT;
  memset(d, 0, sizeof *d);
  if (bus == NULL || bus->read == NULL || bus->write == NULL || bus->wait_irq == NULL)
    return h2_refuse(d, "bus", -1, "", "is null, or has no read, write or wait_irq");
  if (scratch == NULL && scratch_bytes != 0) return h2_refuse(d, "scratch", -1, "", "is null");
  if ((uintptr_t)scratch % sizeof(uint32_t) != 0)
    return h2_refuse(d, "scratch", -1, "", "is not at a multiple of 4");
  if (card >= MOST_CARDS) return h2_refuse_value(d, "card", -1, "", card, 0, MOST_CARDS - 1);
  d->bus = *bus;
  d->registers = H2_CARD_REGS_BASE(card);
  d->memories = H2_CARD_MEM_BASE(card, 0);
  d->scratch = (uint8_t*)scratch;
  d->scratch_bytes = scratch_bytes;
  d->next_tag = 1;
  uint32_t id = 0, version = 0, memory = 0;
  int error = read_reg(d, H2_REG_ID, &id);
  if (!error) error = read_reg(d, H2_REG_VERSION, &version);
  if (error) return error;
  if (id != expected) return no_card(d, "ID", wrong);
  if (version >> 16 != H2_VERSION >> 16)
    return no_card(d, "VERSION", "has another major half than the driver's");
  d->memory_count = 3;
  error = read_reg(d, H2_REG_MEMORY_SIZE, &memory);
  d->memory_bytes = (uint64_t)memory << 20;
  return error;
}

int h2_open_card(h2_device* d, const h2_bus* bus, uint32_t card, void* scratch,
                 size_t scratch_bytes) {
  uint32_t caps = 0, tile = 0;
  int error =
      h2_open_as(d, bus, card, scratch, scratch_bytes, H2_ID, "is not that of an H2Learn card");
  if (!error) error = read_reg(d, H2_REG_CAPABILITIES, &caps);
  if (!error) error = read_reg(d, H2_REG_TILE, &tile);
  if (error) return error;
  d->value_bytes = H2_CAP_VALUE_BYTES(caps);
  d->memory_count = H2_CAP_MEMORIES(caps) != 0 ? H2_CAP_MEMORIES(caps) : 3;
  d->shift_decay = H2_CAP_SHIFT_DECAY(caps) != 0;
  d->relu = H2_CAP_RELU(caps) != 0;
  d->tile_height = tile & 0xFFFFU;
  d->tile_width = tile >> 16;
  if ((d->value_bytes != 2 && d->value_bytes != 4) ||
      (d->memory_count != 1 && d->memory_count != 3) || d->tile_height == 0 || d->tile_width == 0)
    return no_card(d, "CAPABILITIES or TILE", "makes no sense");
  return h2_reset(d);
}

/* ---- Descriptors and completions ------------------------------------------------------------- */

static h2_slot* slot_of(h2_device* d, uint32_t tag) {
  for (uint32_t i = 0; i < H2_DRIVER_RING; ++i)
    if (d->slots[i].tag == tag) return &d->slots[i];
  return NULL;
}

static void finish_slot(h2_device* d, const h2_completion* c) {
  h2_slot* slot = c->tag != 0 ? slot_of(d, c->tag) : NULL;
  if (slot == NULL) return;
  slot->done = 1;
  slot->completion = *c;
}

static int take_completion(h2_device* d) {
  h2_completion c;
  const uint64_t at = completion_address(d) + d->completion_tail * sizeof c;
  if (d->bus.read(d->bus.context, at, &c, sizeof c)) return H2_DRV_BUS;
  d->completion_tail = (d->completion_tail + 1) % H2_DRIVER_RING;
  finish_slot(d, &c);
  return write_reg(d, H2_REG_COMPLETION_TAIL, d->completion_tail);
}

/* The oldest error; acknowledging it brings the next one up. A completion that found no room is
 * known from here only. */
static int take_error(h2_device* d, uint32_t* code) {
  h2_completion lost;
  memset(&lost, 0, sizeof lost);
  int error = read_reg(d, H2_REG_ERROR, code);
  if (error || *code == H2_OK) return error;
  error = read_reg(d, H2_REG_ERROR_TAG, &lost.tag);
  lost.status = *code;
  d->last_error = *code;
  d->last_error_tag = lost.tag;
  if (*code == H2_ERR_COMPLETION || *code == H2_ERR_RING) finish_slot(d, &lost);
  return error ? error : write_reg(d, H2_REG_IRQ_STATUS, H2_IRQ_ERROR);
}

/* Acknowledges the interrupt, then takes all there is: nothing can be missed in between. */
static int take_completions(h2_device* d) {
  uint32_t reasons = 0, head = d->completion_tail, code = H2_OK;
  int error = read_reg(d, H2_REG_IRQ_STATUS, &reasons);
  if (!error && reasons & H2_IRQ_COMPLETION)
    error = write_reg(d, H2_REG_IRQ_STATUS, H2_IRQ_COMPLETION);
  if (!error) error = read_reg(d, H2_REG_COMPLETION_HEAD, &head);
  while (!error && d->completion_tail != head) error = take_completion(d);
  if (reasons & H2_IRQ_ERROR) do {
      if (!error) error = take_error(d, &code);
    } while (!error && code != H2_OK);
  return error;
}

int h2_submit(h2_device* d, h2_descriptor* descriptor) {
  const int error = h2_check_device(d);
  if (error) return error;
  if (descriptor == NULL) return h2_refuse(d, "descriptor", -1, "", "is null");
  if (d->next_tag == 0) d->next_tag = 1; /* 2^32 tags later */
  if (descriptor->version == 0) descriptor->version = H2_DESCRIPTOR_VERSION;
  if (descriptor->size == 0) descriptor->size = sizeof *descriptor;
  if (descriptor->tag == 0) descriptor->tag = d->next_tag++;
  if (slot_of(d, descriptor->tag) != NULL)
    return h2_refuse(d, "descriptor", -1, "->tag", "was submitted and not waited for");
  h2_slot* slot = slot_of(d, 0);
  if (slot == NULL) /* more in flight than the driver itself ever submits */
    return h2_refuse(d, "descriptor", -1, "", "has no room: wait for an earlier one");
  slot->tag = descriptor->tag;
  slot->done = 0;
  slot->opcode = descriptor->opcode;
  const uint64_t at = ring_address(d) + d->tail * sizeof *descriptor;
  if (d->bus.write(d->bus.context, at, descriptor, sizeof *descriptor)) return H2_DRV_BUS;
  d->tail = (d->tail + 1) % H2_DRIVER_RING;
  return write_reg(d, H2_REG_RING_TAIL, d->tail);
}

int h2_wait(h2_device* d, uint32_t tag) {
  int error = h2_check_device(d);
  if (error) return error;
  if (d->bus.wait_irq == NULL) return h2_refuse(d, "bus", -1, ".wait_irq", "is null");
  h2_slot* slot = slot_of(d, tag);
  if (tag == 0 || slot == NULL)
    return h2_refuse(d, "tag", -1, "", "is of no descriptor that was submitted");
  for (;;) {
    error = take_completions(d);
    if (error) return error;
    if (slot->done) break;
    if (d->bus.wait_irq(d->bus.context)) return H2_DRV_IRQ;
  }
  const uint32_t status = slot->completion.status;
  if (status != H2_OK) {
    d->failure = slot->completion;
    d->failure_opcode = slot->opcode;
  }
  slot->tag = 0;
  return (int)status;
}

const char* h2_reason(const h2_device* d) { return d != NULL ? d->reason : ""; }

const char* h2_error_text(int error) {
  switch (error) {
    case H2_OK:
      return "ok";
#define H2_ERROR_CASE(name, value, text) \
  case value:                            \
    return text;
      H2_ERRORS(H2_ERROR_CASE)
      SF_ERRORS(H2_ERROR_CASE)
      SA_ERRORS(H2_ERROR_CASE)
#undef H2_ERROR_CASE
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
    case H2_DRV_STOPPED:
      return "stopped by the source of samples";
    default:
      return "unknown error";
  }
}
