// SPDX-License-Identifier: Apache-2.0
#include "platform/driver/sa_driver.h"

#include <string.h>

#include "platform/driver/h2_card.h"
#include "platform/driver/h2_check.h"
#include "platform/driver/h2_reason.h"

int sa_open(sa_device* d, const h2_bus* bus, uint32_t card) {
  if (d == NULL) return H2_DRV_ARGUMENT;
  memset(d, 0, sizeof *d);
  const int error =
      h2_open_as(&d->card, bus, card, NULL, 0, SA_ID, "is not that of a SpinAPS card");
  return error ? error : h2_reset(&d->card);
}

static uint64_t place(uint64_t* used, uint64_t bytes) {
  const uint64_t at = *used;
  *used = (at + bytes + 4095) / 4096 * 4096;
  return at;
}

static int check_shape(sa_device* d, const sa_table* t) {
  const struct {
    const char* name;
    uint32_t value, least, most;
  } fields[] = {
      {".inputs", t->inputs, 1, SA_MAX_INPUTS}, {".classes", t->classes, 1, SA_MAX_CLASSES},
      {".tau", t->tau, 1, SA_MAX_TAU},          {".steps", t->steps, 1, SA_MAX_STEPS},
      {".weight_bits", t->weight_bits, 2, 8},   {".scale", t->scale, 1, UINT32_MAX},
      {".samples", t->samples, 1, 1024}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i)
    if (fields[i].value < fields[i].least || fields[i].value > fields[i].most)
      return h2_refuse_value(&d->card, "table", -1, fields[i].name, fields[i].value,
                             fields[i].least, fields[i].most);
  return H2_OK;
}

static uint64_t weight_bytes(const sa_table* t) {
  return (uint64_t)t->inputs * t->tau * t->classes;
}

static int write_spin_table(sa_device* d) {
  d->table.checksum = 0;
  d->table.checksum = h2_checksum(0, &d->table, sizeof d->table);
  const h2_bus* bus = &d->card.bus;
  return bus->write(bus->context, d->card.table_address, &d->table, sizeof d->table) ? H2_DRV_BUS
                                                                                     : H2_OK;
}

int sa_load_network(sa_device* d, const sa_table* table) {
  if (d == NULL) return H2_DRV_ARGUMENT;
  int error = h2_check_device(&d->card);
  if (error) return error;
  if (table == NULL) return h2_refuse(&d->card, "table", -1, "", "is null");
  error = check_shape(d, table);
  if (error) return error;
  const uint32_t generation = d->table.generation;
  d->table = *table;
  d->table.magic = SA_TABLE_MAGIC;
  d->table.version = SA_TABLE_VERSION;
  d->table.reserved = 0;
  d->table.generation = generation + 1;
  const uint64_t base = h2_memory(&d->card, 0);
  uint64_t used = 0, control = H2_DRIVER_RING * (sizeof(h2_descriptor) + sizeof(h2_completion));
  d->table.weights = base + place(&used, weight_bytes(table));
  d->table.biases = base + place(&used, table->classes * sizeof(int32_t));
  d->table.sigmoid = base + place(&used, SA_SIGMOID_ENTRIES * sizeof(uint16_t));
  d->input = base + place(&used, table->samples * sa_sample_bytes(table->inputs, table->steps));
  d->results = base + place(&used, table->samples * sizeof(sa_result));
  d->card.table_address = h2_memory(&d->card, 2) + place(&control, sizeof(sa_table));
  d->card.used[0] = used;
  d->card.used[1] = 0;
  d->card.used[2] = control;
  if (used > d->card.memory_bytes)
    return h2_lacks(&d->card, H2_DRV_NO_MEMORY, "Mem0", used, d->card.memory_bytes);
  if (d->card.locked) error = h2_reset(&d->card);
  if (!error) error = write_spin_table(d);
  return error ? error : h2_open_windows(&d->card);
}

static int check_loaded(sa_device* d) {
  if (d == NULL) return H2_DRV_ARGUMENT;
  const int error = h2_check_device(&d->card);
  if (error) return error;
  if (d->table.magic == 0) return h2_refuse(&d->card, "device", -1, "", "has no network loaded");
  return H2_OK;
}

int sa_write_network(sa_device* d, const int8_t* weights, const int32_t* biases,
                     const uint16_t* sigmoid) {
  const int error = check_loaded(d);
  if (error) return error;
  if (weights == NULL || biases == NULL || sigmoid == NULL)
    return h2_refuse(&d->card,
                     weights == NULL  ? "weights"
                     : biases == NULL ? "biases"
                                      : "sigmoid",
                     -1, "", "is null");
  const h2_bus* bus = &d->card.bus;
  const sa_table* t = &d->table;
  if (bus->write(bus->context, t->weights, weights, (size_t)weight_bytes(t)) ||
      bus->write(bus->context, t->biases, biases, t->classes * sizeof *biases) ||
      bus->write(bus->context, t->sigmoid, sigmoid, SA_SIGMOID_ENTRIES * sizeof *sigmoid))
    return H2_DRV_BUS;
  /* Another network under the same addresses: what the arrays hold is no longer it. */
  ++d->table.generation;
  return write_spin_table(d);
}

static int run_command(sa_device* d, sa_descriptor* own) {
  h2_descriptor descriptor;
  own->table = d->card.table_address;
  memcpy(&descriptor, own, sizeof descriptor);
  const int error = h2_submit(&d->card, &descriptor);
  return error ? error : h2_wait(&d->card, descriptor.tag);
}

int sa_program(sa_device* d) {
  const int error = check_loaded(d);
  if (error) return error;
  sa_descriptor own;
  memset(&own, 0, sizeof own);
  own.opcode = SA_OP_PROGRAM;
  return run_command(d, &own);
}

int sa_write_spikes(sa_device* d, uint32_t sample, const uint8_t* bits) {
  const int error = check_loaded(d);
  if (error) return error;
  if (bits == NULL) return h2_refuse(&d->card, "bits", -1, "", "is null");
  const sa_table* t = &d->table;
  if (sample >= t->samples)
    return h2_refuse_value(&d->card, "sample", -1, "", sample, 0, t->samples - 1);
  const h2_bus* bus = &d->card.bus;
  const uint64_t at = d->input + sample * sa_sample_bytes(t->inputs, t->steps);
  const size_t bytes = (size_t)(t->inputs + 7) / 8 * t->steps;
  return bus->write(bus->context, at, bits, bytes) ? H2_DRV_BUS : H2_OK;
}

int sa_infer(sa_device* d, uint32_t samples, uint32_t first, const sa_rule* rule) {
  const int error = check_loaded(d);
  if (error) return error;
  if (rule == NULL) return h2_refuse(&d->card, "rule", -1, "", "is null");
  if (samples < 1 || samples > d->table.samples)
    return h2_refuse_value(&d->card, "samples", -1, "", samples, 1, d->table.samples);
  sa_descriptor own;
  memset(&own, 0, sizeof own);
  own.opcode = SA_OP_INFER;
  own.flags = (uint16_t)rule->flags;
  own.samples = (uint16_t)samples;
  own.deadline = rule->deadline;
  own.input = d->input;
  own.results = d->results;
  own.seed = rule->seed;
  own.first = first;
  return run_command(d, &own);
}

int sa_read_results(sa_device* d, uint32_t samples, sa_result* results) {
  const int error = check_loaded(d);
  if (error) return error;
  if (results == NULL) return h2_refuse(&d->card, "results", -1, "", "is null");
  if (samples < 1 || samples > d->table.samples)
    return h2_refuse_value(&d->card, "samples", -1, "", samples, 1, d->table.samples);
  const h2_bus* bus = &d->card.bus;
  return bus->read(bus->context, d->results, results, samples * sizeof *results) ? H2_DRV_BUS
                                                                                 : H2_OK;
}
