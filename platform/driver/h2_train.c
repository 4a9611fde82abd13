// SPDX-License-Identifier: Apache-2.0
/* The training schedule of Fig. 10 of the paper. */
#include <string.h>

#include "platform/driver/h2_card.h"
#include "platform/driver/h2_check.h"
#include "platform/driver/h2_driver.h"
#include "platform/driver/h2_math.h"
#include "platform/driver/h2_passes.h"
#include "platform/driver/h2_reason.h"
#include "platform/driver/h2_shapes.h"
#include "platform/driver/h2_values.h"

static uint32_t loss_samples(const h2_group* g) {
  return g->loss_samples != 0 ? g->loss_samples : g->samples;
}

/* The same of a network whose outputs are values. */
static int apply_value_loss(h2_device* d, h2_group* g, const h2_sub_batch* batch, uint32_t memory) {
  const float* outputs;
  const int error = h2_read_outputs(d, memory, batch->count, &outputs);
  if (error) return error;
  const uint32_t classes = h2_classes(d);
  float* gradients = (float*)(void*)d->scratch + (size_t)batch->count * classes;
  /* The mean of all timesteps is judged: each has its share of the gradient. */
  const float share = d->table.loss_scale / (float)d->table.timesteps;
  for (uint32_t b = 0; b < batch->count; ++b) {
    const float* of = outputs + b * classes;
    g->loss_sum += h2_value_loss(g->loss, of, classes, batch->labels[b], loss_samples(g), share,
                                 gradients + b * classes);
    g->correct += h2_largest(of, classes) == batch->labels[b];
  }
  return h2_write_gradient(d, gradients, batch->count, memory,
                           (uint8_t*)(gradients + (size_t)batch->count * classes));
}

/* Loss and its gradient from the spikes that the forward pass left in memory. */
static int apply_loss(h2_device* d, h2_group* g, const h2_sub_batch* batch, uint32_t memory) {
  if (d->bus.work) d->bus.work(d->bus.context);
  if (!h2_has_classes(d)) return H2_OK;
  if (h2_gives_values(d)) return apply_value_loss(d, g, batch, memory);
  uint32_t* counts;
  const int error = h2_read_counts(d, memory, batch->count, &counts);
  if (error) return error;
  const uint32_t classes = h2_classes(d);
  float* gradients = (float*)(void*)(d->scratch + (size_t)batch->count * classes * 4);
  for (uint32_t b = 0; b < batch->count; ++b) {
    const uint32_t* n = counts + b * classes;
    const float scale = d->table.loss_scale;
    g->loss_sum += g->loss == H2_LOSS_CROSS_ENTROPY
                       ? h2_loss_cross_entropy(n, classes, batch->labels[b], loss_samples(g), scale,
                                               gradients + b * classes)
                       : h2_loss_mse(n, classes, batch->labels[b], d->table.timesteps,
                                     loss_samples(g), scale, gradients + b * classes);
    g->correct += h2_most_spikes(n, classes) == batch->labels[b];
  }
  return h2_write_gradient(d, gradients, batch->count, memory,
                           (uint8_t*)(gradients + (size_t)batch->count * classes));
}

/* One sub-batch on its way through the pipeline. */
typedef struct flight {
  h2_sub_batch batch;
  uint32_t memory, forward, backward, weight;
} flight;

static int finish(h2_device* d, flight* f) {
  const int error = f->backward ? h2_wait(d, f->backward) : H2_OK;
  const h2_completion cause = d->failure;
  const int weight_error = f->weight ? h2_wait(d, f->weight) : H2_OK;
  if (error) { /* the weight gradient failed because the backward pass did */
    d->failure = cause;
    d->failure_opcode = H2_OP_BACKWARD;
  }
  f->backward = f->weight = 0;
  return error ? error : weight_error;
}

/* The next sub-batch of the group; `left` samples of it are still to come. */
static int take_sub_batch(h2_device* d, h2_group* g, h2_sub_batch* batch, uint32_t* left) {
  memset(batch, 0, sizeof *batch);
  int error = g->source(g->source_context, batch);
  if (error == H2_DRV_STOPPED) return error;
  if (error) return h2_refuse(d, "group", -1, ".source", "returned an error");
  error = h2_check_sub_batch(d, batch, h2_has_classes(d));
  if (error) return error;
  if (batch->count > *left)
    return h2_refuse(d, "group", -1, ".samples", "is less than its sub-batches hold");
  *left -= batch->count;
  return H2_OK;
}

static int start_forward(h2_device* d, h2_group* g, flight* f, uint32_t* left) {
  f->memory = h2_next_memory(d);
  int error = take_sub_batch(d, g, &f->batch, left);
  if (!error) error = h2_write_input(d, &f->batch, f->memory);
  if (error) return error;
  h2_descriptor x = h2_describe(d, H2_OP_FORWARD, f->memory, f->batch.count);
  error = h2_submit(d, &x);
  f->forward = x.tag;
  return error;
}

static int is_fused(const h2_group* g) {
  if (g->update == H2_UPDATE_AUTO) return !g->before_update && !(g->rewind && g->retries);
  return g->update == H2_UPDATE_FUSED;
}

/* Waits for an update behind a group that ended with `error`. A failed group may be repeated unless
 * the update has written weights. */
static int finish_update(h2_device* d, uint32_t tag, int error, int* updating) {
  uint32_t status = 0;
  *updating = 1;
  if (error >= H2_DRV_BUS) return error;
  const h2_completion cause = d->failure;
  const int update_error = h2_wait(d, tag);
  if (!error) {
    if (!update_error) ++d->step;
    return update_error;
  }
  const uint32_t first_left = d->failure.layer; /* first layer that was not updated */
  d->failure = cause;                           /* the update failed because the group did */
  if (d->bus.read(d->bus.context, d->registers + H2_REG_STATUS, &status, sizeof status))
    return H2_DRV_BUS;
  if (status & H2_STATUS_PARTLY_UPDATED)
    h2_note_partial_step(d, d->step + 1, first_left, d->table.layers);
  *updating = (status & (H2_STATUS_WEIGHTS_LOST | H2_STATUS_PARTLY_UPDATED)) != 0;
  return error;
}

/* Waits for what is under way; the reason why the group ends stays. */
static void end_early(h2_device* d, flight* flights) {
  char reason[sizeof d->reason];
  memcpy(reason, d->reason, sizeof reason);
  finish(d, &flights[0]);
  finish(d, &flights[1]);
  memcpy(d->reason, reason, sizeof reason);
}

/* `updating`: set when the update has been submitted. */
static int run_group(h2_device* d, h2_group* g, int* updating) {
  flight flights[2];
  memset(flights, 0, sizeof flights);
  memset(&d->pass, 0, sizeof d->pass);
  g->loss_sum = 0.0;
  g->correct = 0;
  const int fused = g->fused = is_fused(g);
  uint32_t left = g->samples, tag = 0;
  int error = start_forward(d, g, &flights[0], &left);
  for (uint32_t i = 0; !error && i < g->sub_batches; ++i) {
    flight *now = &flights[i % 2], *other = &flights[(i + 1) % 2];
    const uint32_t flags =
        (i == 0 ? H2_DESC_FIRST : 0U) | (i + 1 == g->sub_batches ? H2_DESC_LAST : 0U);
    error = h2_wait(d, now->forward);
    if (!error) error = apply_loss(d, g, &now->batch, now->memory);
    /* The backward pass follows that of the sub-batch before as soon as the engine is free. The
     * memory of the sub-batch before is the next one's: its forward pass starts once the weight
     * gradients are through (Fig. 10). A single memory holds one sub-batch at a time. */
    if (!error)
      error =
          h2_start_backward(d, now->memory, now->batch.count, flags, &now->backward, &now->weight);
    if (!error && fused && i + 1 == g->sub_batches && left == 0) error = h2_start_update(d, &tag);
    if (!error) error = finish(d, other);
    if (!error && (!g->overlap || h2_sub_batch_memories(d) == 1)) error = finish(d, now);
    if (!error && i + 1 < g->sub_batches) error = start_forward(d, g, other, &left);
  }
  if (error == H2_DRV_STOPPED || error == H2_DRV_ARGUMENT) end_early(d, flights);
  if (!error) error = finish(d, &flights[(g->sub_batches - 1) % 2]);
  if (tag) return finish_update(d, tag, error, updating);
  if (!error && left != 0)
    error = h2_refuse(d, "group", -1, ".samples", "is more than its sub-batches hold");
  if (!error && g->before_update && g->before_update(g->update_context)) error = H2_DRV_STOPPED;
  if (error) return error;
  *updating = 1;
  error = h2_start_update(d, &tag);
  if (!error) error = h2_wait(d, tag);
  if (!error) ++d->step;
  return error;
}

/* What may be gone at the next attempt. */
static int transient(int error) {
  return error == H2_ERR_BUS || error == H2_ERR_TIMEOUT || error == H2_ERR_COMPLETION ||
         error == H2_ERR_CHECKSUM;
}

/* A group can be trained again as long as its update has not begun: the first weight gradient
 * overwrites what is left of the sums. */
int h2_train_group(h2_device* d, h2_group* g) {
  int updating = 0;
  int error = h2_check_group(d, g);
  if (error) return error;
  error = run_group(d, g, &updating);
  g->recoveries = 0;
  while (transient(error) && !updating && g->rewind && g->recoveries < g->retries) {
    ++g->recoveries;
    error = h2_recover(d);
    if (!error && g->rewind(g->source_context))
      error = h2_refuse(d, "group", -1, ".rewind", "returned an error");
    if (!error) error = run_group(d, g, &updating);
  }
  return error;
}

static int largest_outputs(h2_device* d, const h2_sub_batch* batch, uint32_t memory,
                           uint32_t* predicted) {
  const float* outputs;
  const int error = h2_read_outputs(d, memory, batch->count, &outputs);
  for (uint32_t b = 0; !error && b < batch->count; ++b)
    predicted[b] = h2_largest(outputs + b * h2_classes(d), h2_classes(d));
  return error;
}

static int infer(h2_device* d, const h2_sub_batch* batch, uint32_t* predicted, uint32_t* spikes) {
  int error = h2_check_loaded(d);
  if (error) return error;
  if (batch == NULL) return h2_refuse(d, "batch", -1, "", "is null");
  if (predicted == NULL) return h2_refuse(d, "predicted", -1, "", "is null");
  if (!h2_has_classes(d))
    return h2_refuse(d, "network", -1, "", "does not end in one position per class");
  error = h2_check_sub_batch(d, batch, 0);
  if (error) return error;
  const uint32_t memory = h2_next_memory(d);
  error = h2_write_input(d, batch, memory);
  if (error) return error;
  h2_descriptor x = h2_describe(d, H2_OP_FORWARD, memory, batch->count);
  x.flags = H2_DESC_INFERENCE;
  error = h2_submit(d, &x);
  if (!error) error = h2_wait(d, x.tag);
  uint32_t* counts;
  if (!error && h2_gives_values(d)) return largest_outputs(d, batch, memory, predicted);
  if (!error) error = h2_read_counts(d, memory, batch->count, &counts);
  if (error) return error;
  for (uint32_t b = 0; b < batch->count; ++b)
    predicted[b] = h2_most_spikes(counts + b * h2_classes(d), h2_classes(d));
  if (spikes != NULL) memcpy(spikes, counts, (size_t)batch->count * h2_classes(d) * sizeof *spikes);
  return H2_OK;
}

int h2_infer(h2_device* d, const h2_sub_batch* batch, uint32_t* predicted) {
  return infer(d, batch, predicted, NULL);
}

int h2_infer_spikes(h2_device* d, const h2_sub_batch* batch, uint32_t* predicted,
                    uint32_t* spikes) {
  const int error = h2_check_device(d);
  if (error) return error;
  if (spikes == NULL) return h2_refuse(d, "spikes", -1, "", "is null");
  if (d->relu) return h2_refuse(d, "spikes", -1, "", "are none: the card's neurons are ReLU");
  if (d->table.layers != 0 && h2_gives_values(d))
    return h2_refuse(d, "spikes", -1, "", "are none: the last layer is a read-out");
  return infer(d, batch, predicted, spikes);
}
