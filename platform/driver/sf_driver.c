// SPDX-License-Identifier: Apache-2.0
#include "platform/driver/sf_driver.h"

#include <string.h>

#include "platform/driver/h2_card.h"
#include "platform/driver/h2_check.h"
#include "platform/driver/h2_reason.h"

static uint32_t out_side(uint32_t in, uint32_t kernel, const sf_layer* l) {
  const uint32_t padded = in + 2U * l->pad;
  if (padded < kernel || l->stride == 0 || l->pool == 0) return 0;
  return ((padded - kernel) / l->stride + 1) / l->pool;
}

uint32_t sf_out_height(const sf_layer* l) { return out_side(l->in_height, l->kernel_height, l); }
uint32_t sf_out_width(const sf_layer* l) { return out_side(l->in_width, l->kernel_width, l); }

static uint64_t in_positions(const sf_layer* l) { return (uint64_t)l->in_height * l->in_width; }
static uint64_t out_positions(const sf_layer* l) {
  return (uint64_t)sf_out_height(l) * sf_out_width(l);
}
static uint64_t rows(const sf_layer* l) {
  return (uint64_t)l->cin * l->kernel_height * l->kernel_width;
}
static uint32_t tiles(const sf_layer* l) { return (l->cout + SF_LANES - 1) / SF_LANES; }

int sf_open(sf_device* d, const h2_bus* bus, uint32_t card) {
  if (d == NULL) return H2_DRV_ARGUMENT;
  memset(d, 0, sizeof *d);
  const int error =
      h2_open_as(&d->card, bus, card, NULL, 0, SF_ID, "is not that of a SpinalFlow card");
  return error ? error : h2_reset(&d->card);
}

static uint64_t take(uint64_t* used, uint64_t bytes) {
  const uint64_t at = *used;
  *used = (at + bytes + 4095) / 4096 * 4096;
  return at;
}

static int check_layers(sf_device* d, const sf_table* t, const sf_layer* layers, uint32_t count) {
  if (t->ticks < 1 || t->ticks > 256)
    return h2_refuse_value(&d->card, "table", -1, ".ticks", t->ticks, 1, 256);
  if (t->samples < 1 || t->samples > 1024)
    return h2_refuse_value(&d->card, "table", -1, ".samples", t->samples, 1, 1024);
  for (uint32_t i = 0; i < count; ++i) {
    const sf_layer* l = &layers[i];
    if (l->cin < 1 || l->cin > 1U << 20)
      return h2_refuse_value(&d->card, "layers", i, ".cin", l->cin, 1, 1U << 20);
    if (l->cout < 1 || l->cout > 1024)
      return h2_refuse_value(&d->card, "layers", i, ".cout", l->cout, 1, 1024);
    if (l->in_height > 4096 || l->in_width > 4096 || out_positions(l) == 0)
      return h2_refuse(&d->card, "layers", i, "", "has a map or a kernel without outputs");
  }
  return H2_OK;
}

/* Scratch is placed for every layer: what it needs it for is the card's own matter. */
static void place_layer(const sf_table* t, sf_layer* l, uint64_t base, uint64_t* used) {
  const uint64_t places = out_positions(l);
  l->weights = base + take(used, rows(l) * tiles(l) * SF_LANES);
  l->output = base + take(used, sf_tensor_bytes(t->samples, places, l->cout, t->ticks));
  l->partial =
      base + take(used, (tiles(l) - 1) * sf_tensor_bytes(t->samples, places, SF_LANES, t->ticks));
  l->sums = base + take(used, sf_sums_bytes(t->samples, places, t->ticks));
}

static int write_table(sf_device* d, uint64_t at) {
  const size_t records = d->table.layers * sizeof(sf_layer);
  d->table.checksum = 0;
  d->table.checksum = h2_checksum(h2_checksum(0, &d->table, sizeof d->table), d->layers, records);
  const h2_bus* bus = &d->card.bus;
  if (bus->write(bus->context, at, &d->table, sizeof d->table)) return H2_DRV_BUS;
  return bus->write(bus->context, at + sizeof d->table, d->layers, records) ? H2_DRV_BUS : H2_OK;
}

int sf_load_network(sf_device* d, const sf_table* table, const sf_layer* layers, uint32_t count) {
  if (d == NULL) return H2_DRV_ARGUMENT;
  int error = h2_check_device(&d->card);
  if (error) return error;
  if (table == NULL || layers == NULL)
    return h2_refuse(&d->card, table == NULL ? "table" : "layers", -1, "", "is null");
  if (count < 1 || count > H2_MAX_LAYERS)
    return h2_refuse_value(&d->card, "count", -1, "", count, 1, H2_MAX_LAYERS);
  error = check_layers(d, table, layers, count);
  if (error) return error;
  d->table = *table;
  d->table.magic = SF_TABLE_MAGIC;
  d->table.version = SF_TABLE_VERSION;
  d->table.layers = count;
  d->table.layer_size = sizeof(sf_layer);
  memcpy(d->layers, layers, count * sizeof(sf_layer));
  const uint64_t base = h2_memory(&d->card, 0);
  uint64_t used = 0, control = H2_DRIVER_RING * (sizeof(h2_descriptor) + sizeof(h2_completion));
  d->input = base + take(&used, sf_tensor_bytes(table->samples, in_positions(layers), layers->cin,
                                                table->ticks));
  for (uint32_t i = 0; i < count; ++i) place_layer(table, &d->layers[i], base, &used);
  d->card.table_address =
      h2_memory(&d->card, 2) + take(&control, sizeof(sf_table) + count * sizeof(sf_layer));
  d->card.used[0] = used;
  d->card.used[1] = 0;
  d->card.used[2] = control;
  if (used > d->card.memory_bytes)
    return h2_lacks(&d->card, H2_DRV_NO_MEMORY, "Mem0", used, d->card.memory_bytes);
  if (d->card.locked) error = h2_reset(&d->card);
  if (!error) error = write_table(d, d->card.table_address);
  return error ? error : h2_open_windows(&d->card);
}

static int check_layer(sf_device* d, uint32_t layer) {
  if (d == NULL) return H2_DRV_ARGUMENT;
  const int error = h2_check_device(&d->card);
  if (error) return error;
  if (d->table.layers == 0) return h2_refuse(&d->card, "device", -1, "", "has no network loaded");
  if (layer >= d->table.layers)
    return h2_refuse_value(&d->card, "layer", -1, "", layer, 0, d->table.layers - 1);
  return H2_OK;
}

int sf_write_weights(sf_device* d, uint32_t layer, const int8_t* oihw) {
  int error = check_layer(d, layer);
  if (error) return error;
  if (oihw == NULL) return h2_refuse(&d->card, "oihw", -1, "", "is null");
  const sf_layer* l = &d->layers[layer];
  const uint32_t taps = (uint32_t)l->kernel_height * l->kernel_width;
  uint64_t at = l->weights;
  for (uint32_t tile = 0; !error && tile < tiles(l); ++tile)
    for (uint32_t tap = 0; !error && tap < taps; ++tap)
      for (uint32_t c = 0; !error && c < l->cin; ++c, at += SF_LANES) {
        int8_t row[SF_LANES] = {0};
        for (uint32_t lane = 0; lane < SF_LANES && tile * SF_LANES + lane < l->cout; ++lane)
          row[lane] = oihw[((uint64_t)(tile * SF_LANES + lane) * l->cin + c) * taps + tap];
        if (d->card.bus.write(d->card.bus.context, at, row, sizeof row)) error = H2_DRV_BUS;
      }
  return error;
}

int sf_write_lists(sf_device* d, uint32_t sample, const sf_list* lists, const uint8_t* entries) {
  int error = check_layer(d, 0);
  if (error) return error;
  if (lists == NULL || entries == NULL)
    return h2_refuse(&d->card, lists == NULL ? "lists" : "entries", -1, "", "is null");
  if (sample >= d->table.samples)
    return h2_refuse_value(&d->card, "sample", -1, "", sample, 0, d->table.samples - 1);
  const sf_layer* l = &d->layers[0];
  const uint64_t places = in_positions(l), most = (uint64_t)l->cin * d->table.ticks;
  const uint64_t base = d->input + sf_table_bytes(d->table.samples, places);
  const h2_bus* bus = &d->card.bus;
  for (uint64_t p = 0; !error && p < places; ++p) {
    if (lists[p].count > most)
      return h2_refuse_value(&d->card, "lists", (int64_t)p, ".count", lists[p].count, 0, most);
    const uint64_t place = sample * places + p;
    const sf_list list = {(uint32_t)(place * most), lists[p].count};
    const uint8_t* from = entries + (uint64_t)lists[p].first * SF_ENTRY_BYTES;
    if (list.count != 0 && bus->write(bus->context, base + (uint64_t)list.first * SF_ENTRY_BYTES,
                                      from, (size_t)list.count * SF_ENTRY_BYTES))
      error = H2_DRV_BUS;
    if (!error && bus->write(bus->context, d->input + place * sizeof list, &list, sizeof list))
      error = H2_DRV_BUS;
  }
  return error;
}

int sf_infer(sf_device* d, uint32_t samples) {
  int error = check_layer(d, 0);
  if (error) return error;
  if (samples < 1 || samples > d->table.samples)
    return h2_refuse_value(&d->card, "samples", -1, "", samples, 1, d->table.samples);
  h2_descriptor descriptor;
  memset(&descriptor, 0, sizeof descriptor);
  descriptor.opcode = SF_OP_INFER;
  descriptor.samples = (uint16_t)samples;
  descriptor.table = d->card.table_address;
  descriptor.input = d->input;
  error = h2_submit(&d->card, &descriptor);
  return error ? error : h2_wait(&d->card, descriptor.tag);
}

int sf_read_list(sf_device* d, uint32_t layer, uint32_t sample, uint32_t position, uint8_t* entries,
                 uint32_t room, uint32_t* count) {
  const int error = check_layer(d, layer);
  if (error) return error;
  if (entries == NULL || count == NULL)
    return h2_refuse(&d->card, entries == NULL ? "entries" : "count", -1, "", "is null");
  const sf_layer* l = &d->layers[layer];
  const uint64_t places = out_positions(l);
  if (sample >= d->table.samples || position >= places)
    return h2_refuse(&d->card, "sample or position", -1, "", "is out of range");
  const h2_bus* bus = &d->card.bus;
  sf_list list;
  const uint64_t at = l->output + (sample * places + position) * sizeof list;
  if (bus->read(bus->context, at, &list, sizeof list)) return H2_DRV_BUS;
  if (list.count > room) return h2_lacks(&d->card, H2_DRV_ARGUMENT, "entries", list.count, room);
  *count = list.count;
  const uint64_t from =
      l->output + sf_table_bytes(d->table.samples, places) + (uint64_t)list.first * SF_ENTRY_BYTES;
  return list.count != 0 &&
                 bus->read(bus->context, from, entries, (size_t)list.count * SF_ENTRY_BYTES)
             ? H2_DRV_BUS
             : H2_OK;
}
