// SPDX-License-Identifier: Apache-2.0
/* Checks of what callers hand to the driver. */
#include "platform/driver/h2_check.h"

#include <string.h>

#include "platform/driver/h2_reason.h"
#include "platform/driver/h2_shapes.h"

/* The card's own limits of a network table. */
enum {
  MOST_STEPS = 1024,
  MOST_SAMPLES = 1024,
  MOST_INPUTS = 1 << 26,
  MOST_OUTPUTS = 1 << 20,
  MOST_SIDE = 4096,
  MOST_KERNEL = 31
};

/* ---- Devices --------------------------------------------------------------------------------- */

int h2_check_device(h2_device* d) {
  if (d == NULL || d->bus.read == NULL || d->bus.write == NULL) return H2_DRV_ARGUMENT;
  d->reason[0] = '\0';
  return H2_OK;
}

int h2_check_loaded(h2_device* d) {
  const int error = h2_check_device(d);
  if (error) return error;
  return d->table.layers != 0 ? H2_OK : h2_refuse(d, "device", -1, "", "has no network loaded");
}

/* ---- Networks -------------------------------------------------------------------------------- */

static int is_power_of_two(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t exponent = bits >> 23; /* with the sign above it */
  return exponent >= 1 && exponent <= 254 && (bits & 0x7FFFFFU) == 0;
}

static int check_parameters(h2_device* d, const h2_table* t) {
  const int adam = t->optimizer == H2_OPT_ADAM;
  const struct {
    const char* member;
    int legal; /* false for NaN */
    const char* why;
  } rules[] = {
      {".alpha", t->alpha >= 0 && t->alpha <= 1, "is not in 0 to 1"},
      {".alpha", !d->shift_decay || t->alpha == H2_SHIFT_ALPHA,
       "is not 0.9375, the only decay of this card: see h2_decay()"},
      {".th_f", t->th_f > 0 && t->th_f <= 65504, "is not above 0 and at most 65504"},
      {".th_l", t->th_l >= -65504 && t->th_l < t->th_r, "is not below th_r and at least -65504"},
      {".th_r", t->th_r <= 65504, "is not at most 65504"},
      {".beta", t->beta > 0 && t->beta <= 65504, "is not above 0 and at most 65504"},
      {".beta", !d->relu || t->beta == 1, "is not 1, the slope of the card's ReLU"},
      {".timesteps", !d->relu || t->timesteps == 1, "is not 1: the card's neurons are ReLU"},
      {".learning_rate", t->learning_rate >= 0 && t->learning_rate <= 1000, "is not in 0 to 1000"},
      {".momentum", t->momentum >= 0 && t->momentum < 1, "is not in 0 to below 1"},
      {".beta1", t->beta1 >= 0 && t->beta1 < 1, "is not in 0 to below 1"},
      {".beta2", t->beta2 >= 0 && t->beta2 < 1, "is not in 0 to below 1"},
      {".epsilon", t->epsilon >= 0 && t->epsilon <= 1 && !(adam && t->epsilon == 0),
       "is not in 0 to 1, or 0 for Adam"},
  };
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; ++i)
    if (!rules[i].legal) return h2_refuse(d, "table", -1, rules[i].member, rules[i].why);
  if (!is_power_of_two(t->loss_scale))
    return h2_refuse(d, "table", -1, ".loss_scale", "is no power of two");
  return H2_OK;
}

static int width_has_table(float width) { return width >= 0.015625F && width <= 1024; }

int h2_check_neurons(h2_device* d, const h2_neuron* neurons, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const h2_neuron* n = &neurons[i];
    const struct {
      const char* member;
      int legal; /* false for NaN */
      const char* why;
    } rules[] = {
        {".alpha", n->alpha >= 0 && n->alpha <= 1, "is not in 0 to 1"},
        {".th_f", n->th_f > 0 && n->th_f <= 65504, "is not above 0 and at most 65504"},
        {".th_l", n->th_l >= -65504 && n->th_l < n->th_r, "is not below th_r and at least -65504"},
        {".th_r", n->th_r <= 65504, "is not at most 65504"},
        {".beta", n->beta > 0 && n->beta <= 65504, "is not above 0 and at most 65504"},
        {".kind",
         n->kind == (H2_NEURON_KIND(H2_NEURON_RESET(n->kind), H2_NEURON_SURROGATE(n->kind)) |
                     H2_NEURON_PUT_ADDS(H2_NEURON_ADDS(n->kind)) |
                     (H2_NEURON_ADDS(n->kind) != 0 ? n->kind & H2_NEURON_POTENTIALS : 0U)) &&
             H2_NEURON_RESET(n->kind) <= H2_RESET_SOFT_AFTER_DECAY,
         "is no reset, surrogate and layer to add"},
        {".kind", H2_NEURON_ADDS(n->kind) <= i, "adds a layer that there is not"},
        {".th_r", H2_NEURON_SURROGATE(n->kind) == 0 || width_has_table(n->th_r - n->th_l),
         "is not 1/64 to 1024 above th_l, as a surrogate from a table needs"},
    };
    for (size_t r = 0; r < sizeof rules / sizeof rules[0]; ++r)
      if (!rules[r].legal) return h2_refuse(d, "neurons", i, rules[r].member, rules[r].why);
  }
  return H2_OK;
}

int h2_check_rates(h2_device* d, float learning_rate, float weight_decay) {
  if (!(learning_rate >= 0 && learning_rate <= 1000))
    return h2_refuse(d, "learning_rate", -1, "", "is not in 0 to 1000");
  if (!(weight_decay >= 0 && weight_decay <= 1))
    return h2_refuse(d, "weight_decay", -1, "", "is not in 0 to 1");
  return H2_OK;
}

int h2_check_loss_scale(h2_device* d, float scale) {
  if (is_power_of_two(scale) && scale >= 1.0F && scale <= 16777216.0F) return H2_OK;
  return h2_refuse(d, "loss_scale", -1, "", "is no power of two from 1 to 16777216");
}

static int check_table(h2_device* d, const h2_table* t) {
  const struct {
    const char* member;
    uint32_t value, least, most;
  } ranges[] = {{".timesteps", t->timesteps, 1, MOST_STEPS},
                {".sub_batch", t->sub_batch, 1, MOST_SAMPLES},
                {".flags", t->flags & 0xFFU, 0, H2_TABLE_STATIC_ONCE},
                {".flags (slots)", H2_TABLE_SLOTS(t->flags), 0, H2_MOST_SLOTS},
                {".optimizer", t->optimizer, H2_OPT_SGD, H2_OPT_ADAM}};
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; ++i)
    if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
      return h2_refuse_value(d, "table", -1, ranges[i].member, ranges[i].value, ranges[i].least,
                             ranges[i].most);
  return check_parameters(d, t);
}

typedef struct range {
  const char* member;
  uint32_t value, least, most;
} range;

static int check_ranges(h2_device* d, int64_t index, const range* ranges, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
      return h2_refuse_value(d, "layers", index, ranges[i].member, ranges[i].value, ranges[i].least,
                             ranges[i].most);
  return H2_OK;
}

static int check_layer(h2_device* d, const h2_layer* l, int64_t index) {
  const int fc = l->kind == H2_LAYER_FC;
  const uint32_t flags =
      H2_LAYER_ENCODING | H2_LAYER_BIAS | H2_LAYER_BATCH_NORM | H2_LAYER_NORM_BRANCH |
      (fc ? H2_LAYER_GROUPED | H2_LAYER_READOUT : H2_LAYER_VALID | H2_LAYER_MAX_POOL);
  const range ranges[] = {{".kind", l->kind, H2_LAYER_CONV, H2_LAYER_FC},
                          {".flags", l->flags, 0, flags},
                          {".pool", l->pool, H2_POOL_NONE, fc ? H2_POOL_NONE : H2_POOL_BEFORE_SOMA},
                          {".cin", l->cin, 1, MOST_INPUTS},
                          {".cout", l->cout, 1, MOST_OUTPUTS},
                          {".kernel", l->kernel, 1, fc ? 1 : MOST_KERNEL},
                          {".stride", l->stride, 1, fc ? 1 : 2},
                          {".in_height", l->in_height, 1, fc ? 1 : MOST_SIDE},
                          {".in_width", l->in_width, 1, fc ? 1 : MOST_SIDE}};
  const int error = check_ranges(d, index, ranges, sizeof ranges / sizeof ranges[0]);
  if (error) return error;
  if (l->flags & ~flags) return h2_refuse_value(d, "layers", index, ".flags", l->flags, 0, flags);
  if ((l->flags & H2_LAYER_BIAS) && l->cin < 2)
    return h2_refuse_value(d, "layers", index, ".cin", l->cin, 2, MOST_INPUTS);
  if (l->kernel % 2 == 0) return h2_refuse(d, "layers", index, ".kernel", "is even");
  if ((l->flags & H2_LAYER_NORM_BRANCH) && !(l->flags & H2_LAYER_BATCH_NORM))
    return h2_refuse(d, "layers", index, ".flags", "is a branch of batch norm without batch norm");
  if ((l->flags & H2_LAYER_BATCH_NORM) && ((l->flags & (H2_LAYER_BIAS | H2_LAYER_READOUT)) ||
                                           l->pool == H2_POOL_BEFORE_SOMA || d->relu))
    return h2_refuse(d, "layers", index, ".flags",
                     "has batch norm with a bias, a read-out, pooling before Soma or ReLU");
  if (d->relu && l->pool == H2_POOL_AFTER_SOMA)
    return h2_refuse(d, "layers", index, ".pool", "is behind ReLU: this card averages sums");
  if (index > 0 && (l->flags & H2_LAYER_ENCODING))
    return h2_refuse(d, "layers", index, ".flags", "encodes pixels behind the first layer");
  if ((l->flags & H2_LAYER_MAX_POOL) && l->pool != H2_POOL_AFTER_SOMA)
    return h2_refuse(d, "layers", index, ".flags",
                     "takes the largest of spikes that are not pooled");
  if ((l->flags & H2_LAYER_VALID) && (l->kernel > l->in_height || l->kernel > l->in_width))
    return h2_refuse(d, "layers", index, ".kernel", "does not fit the map without padding");
  const h2_shapes s = h2_shapes_of(l);
  if (s.next_height == 0 || s.next_width == 0)
    return h2_refuse(d, "layers", index, ".pool", "leaves nothing of the map");
  return H2_OK;
}

/* What the layer reads is what the one below it makes. */
static int check_input(h2_device* d, const h2_layer* below, const h2_layer* l, int64_t index) {
  if (below == NULL) {
    const uint32_t planes = l->flags & H2_LAYER_ENCODING ? 8 : 1;
    const range first = {".planes", l->planes, planes, planes};
    return check_ranges(d, index, &first, 1);
  }
  const h2_shapes s = h2_shapes_of(below);
  const int fc = l->kind == H2_LAYER_FC;
  const uint64_t flat = (uint64_t)below->cout * s.next_height * s.next_width;
  const uint64_t cin = (fc ? flat : below->cout) + (l->flags & H2_LAYER_BIAS ? 1 : 0);
  if (below->flags & H2_LAYER_READOUT)
    return h2_refuse(d, "layers", index, "", "follows a read-out");
  if (l->cin != cin) return h2_refuse_value(d, "layers", index, ".cin", l->cin, cin, cin);
  const range map[] = {{".kind", l->kind, below->kind, H2_LAYER_FC},
                       {".planes", l->planes, s.next_planes, s.next_planes},
                       {".in_height", l->in_height, fc ? 1 : s.next_height, fc ? 1 : s.next_height},
                       {".in_width", l->in_width, fc ? 1 : s.next_width, fc ? 1 : s.next_width}};
  return check_ranges(d, index, map, sizeof map / sizeof map[0]);
}

static uint64_t times(uint64_t a, uint64_t b) {
  return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

/* Before tensors are measured chunk by chunk: an impossible network costs no time. */
static int check_capacity(h2_device* d, const h2_table* t, const h2_layer* l) {
  const h2_shapes s = h2_shapes_of(l);
  const uint64_t steps = (uint64_t)t->timesteps * t->sub_batch;
  const uint64_t in = times(times((uint64_t)h2_inputs(l) * l->planes, steps),
                            (uint64_t)l->in_height * l->in_width) /
                      8;
  const uint64_t out =
      times(times(l->cout, steps), (uint64_t)s.soma_height * s.soma_width * d->value_bytes);
  const uint64_t weights = (uint64_t)l->cout * l->cin * l->kernel * l->kernel * d->value_bytes;
  const int encodes = l->flags & H2_LAYER_ENCODING; /* its input is the same at all timesteps */
  const uint64_t needed = weights > out ? weights : out;
  const uint64_t most = !encodes && in > needed ? in : needed;
  return most > d->memory_bytes ? h2_lacks(d, H2_DRV_NO_MEMORY, "a memory", most, d->memory_bytes)
                                : H2_OK;
}

int h2_check_network(h2_device* d, const h2_table* table, const h2_layer* layers, uint32_t count) {
  if (table == NULL) return h2_refuse(d, "table", -1, "", "is null");
  if (layers == NULL) return h2_refuse(d, "layers", -1, "", "is null");
  if (count < 1 || count > H2_MAX_LAYERS)
    return h2_refuse_value(d, "count", -1, "", count, 1, H2_MAX_LAYERS);
  int error = check_table(d, table);
  for (uint32_t i = 0; !error && i < count; ++i) {
    error = check_layer(d, &layers[i], i);
    if (!error) error = check_input(d, i == 0 ? NULL : &layers[i - 1], &layers[i], i);
    if (!error) error = check_capacity(d, table, &layers[i]);
  }
  return error;
}

/* ---- Samples and labels ---------------------------------------------------------------------- */

static int check_sample(h2_device* d, const uint8_t* sample, uint32_t index) {
  const h2_layer* l = &d->layers[0];
  if (sample == NULL) return h2_refuse(d, "samples", index, "", "is null");
  if (l->planes == 8) return H2_OK; /* any byte is a pixel */
  const uint64_t bytes = (uint64_t)d->table.timesteps * h2_inputs(l) * l->in_height * l->in_width;
  for (uint64_t i = 0; i < bytes; ++i)
    if (sample[i] > 1) return h2_refuse_value(d, "a byte of samples", index, "", sample[i], 0, 1);
  return H2_OK;
}

int h2_check_sub_batch(h2_device* d, const h2_sub_batch* batch, int labelled) {
  if (batch->count < 1 || batch->count > d->table.sub_batch)
    return h2_refuse_value(d, "count", -1, " of the sub-batch", batch->count, 1,
                           d->table.sub_batch);
  if (batch->samples == NULL) return h2_refuse(d, "samples", -1, "", "is null");
  if (labelled && batch->labels == NULL) return h2_refuse(d, "labels", -1, "", "is null");
  const uint32_t last = h2_classes(d) - 1;
  int error = H2_OK;
  for (uint32_t b = 0; !error && b < batch->count; ++b) {
    error = check_sample(d, batch->samples[b], b);
    if (!error && labelled && batch->labels[b] > last)
      error = h2_refuse_value(d, "labels", b, "", batch->labels[b], 0, last);
  }
  return error;
}

int h2_check_group(h2_device* d, const h2_group* g) {
  const int error = h2_check_loaded(d);
  if (error) return error;
  if (g == NULL) return h2_refuse(d, "group", -1, "", "is null");
  if (g->source == NULL) return h2_refuse(d, "group", -1, ".source", "is null");
  if (g->loss > H2_LOSS_CROSS_ENTROPY)
    return h2_refuse_value(d, "group", -1, ".loss", g->loss, H2_LOSS_MSE, H2_LOSS_CROSS_ENTROPY);
  if (g->update > H2_UPDATE_SEPARATE)
    return h2_refuse_value(d, "group", -1, ".update", g->update, H2_UPDATE_AUTO,
                           H2_UPDATE_SEPARATE);
  if (g->update == H2_UPDATE_FUSED && g->before_update)
    return h2_refuse(d, "group", -1, ".update", "is fused, and before_update is set");
  if (g->sub_batches == 0) return h2_refuse(d, "group", -1, ".sub_batches", "is 0");
  const uint32_t longest = H2_TABLE_SLOTS(d->table.flags) + 1;
  for (uint32_t l = 0; l < d->table.layers; ++l)
    if ((d->layers[l].flags & H2_LAYER_GROUPED) && g->sub_batches > longest)
      return h2_refuse_value(d, "group", -1, ".sub_batches", g->sub_batches, 1, longest);
  const uint64_t most = (uint64_t)g->sub_batches * d->table.sub_batch;
  if (g->samples < g->sub_batches || g->samples > most)
    return h2_refuse_value(d, "group", -1, ".samples", g->samples, g->sub_batches, most);
  if (g->loss_samples != 0 && g->loss_samples < g->samples)
    return h2_refuse_value(d, "group", -1, ".loss_samples", g->loss_samples, g->samples,
                           UINT32_MAX);
  return H2_OK;
}
