// SPDX-License-Identifier: Apache-2.0
#include "examples/firmware/common/small_training.h"

#include <stdio.h>
#include <string.h>

/* 8C3(Encoding)-AP2-32FC-4FC on one channel of 8x8 pixels. */
enum {
  SIDE = 8,
  PIXELS = SIDE * SIDE,
  CLASSES = 4,
  LAYERS = 3,
  SUB_BATCH = 4,
  GROUP = 4, /* sub-batches between two updates */
  GROUPS = 60,
  TESTS = 16, /* sub-batches of patterns not trained on */
  MAX_WEIGHTS = 32 * 128,
  LINE = 80
};

static const h2_table network = {.timesteps = 4,
                                 .sub_batch = SUB_BATCH,
                                 .optimizer = H2_OPT_ADAM,
                                 .alpha = 0.25F, /* unless the card has one of its own */
                                 .th_f = 0.5F,
                                 .th_l = 0.0F,
                                 .th_r = 1.0F,
                                 .beta = 1.0F,
                                 .learning_rate = 0.01F,
                                 .beta1 = 0.9F,
                                 .beta2 = 0.999F,
                                 .epsilon = 1e-8F,
                                 .loss_scale = 1024.0F};

static const h2_layer layers[LAYERS] = {{.kind = H2_LAYER_CONV,
                                         .flags = H2_LAYER_ENCODING,
                                         .pool = H2_POOL_AFTER_SOMA,
                                         .planes = 8, /* bits of a pixel */
                                         .cin = 1,
                                         .cout = 8,
                                         .kernel = 3,
                                         .stride = 1,
                                         .in_height = SIDE,
                                         .in_width = SIDE},
                                        {.kind = H2_LAYER_FC,
                                         .planes = 3, /* bits of an average in quarters */
                                         .cin = 8 * (SIDE / 2) * (SIDE / 2),
                                         .cout = 32,
                                         .kernel = 1,
                                         .stride = 1,
                                         .in_height = 1,
                                         .in_width = 1},
                                        {.kind = H2_LAYER_FC,
                                         .planes = 1,
                                         .cin = 32,
                                         .cout = CLASSES,
                                         .kernel = 1,
                                         .stride = 1,
                                         .in_height = 1,
                                         .in_width = 1}};
/* Start weights are even in +-2^-shift: about Kaiming's range for each fan-in. Neurons that forget
 * slowly gather more and get three quarters of that. */
static const unsigned start_shift[LAYERS] = {0, 2, 1};

typedef struct patterns {
  uint32_t state; /* of the generator */
  uint8_t pixels[2][SUB_BATCH][PIXELS];
  const uint8_t* samples[2][SUB_BATCH];
  uint32_t labels[2][SUB_BATCH];
  unsigned turn; /* the driver still uses one sub-batch when it takes the next */
} patterns;

static h2_device device;
static patterns data;
static union {
  float start[MAX_WEIGHTS];
  uint8_t stored[MAX_WEIGHTS * sizeof(float)];
} weights;
static uint64_t scratch[512];

static uint32_t draw(uint32_t* state, uint32_t below) {
  *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
  return (uint32_t)(((uint64_t)*state * below) >> 32);
}

/* A bright line, horizontal, vertical, falling or rising, somewhere in dark noise. */
static void draw_pattern(uint32_t* state, uint32_t label, uint8_t* pixels) {
  for (unsigned i = 0; i < PIXELS; ++i) pixels[i] = (uint8_t)draw(state, 32);
  const uint32_t at = draw(state, SIDE);
  for (uint32_t i = 0; i < SIDE; ++i) {
    const uint32_t column = label == 0 ? i : label == 1 ? at : label == 2 ? at + i : at - i;
    const uint32_t row = label == 0 ? at : i;
    pixels[row * SIDE + column % SIDE] = (uint8_t)(192 + draw(state, 64));
  }
}

static int next_sub_batch(void* context, h2_sub_batch* next) {
  patterns* p = (patterns*)context;
  const unsigned turn = p->turn++ % 2U;
  for (unsigned i = 0; i < SUB_BATCH; ++i) {
    p->labels[turn][i] = draw(&p->state, CLASSES);
    draw_pattern(&p->state, p->labels[turn][i], p->pixels[turn][i]);
    p->samples[turn][i] = p->pixels[turn][i];
  }
  next->samples = p->samples[turn];
  next->labels = p->labels[turn];
  next->count = SUB_BATCH;
  return 0;
}

static uint32_t weight_count(const h2_layer* l) { return l->cout * l->cin * l->kernel * l->kernel; }

static int write_start_weights(void) {
  uint32_t state = 1;
  const float gain = device.table.alpha > 0.5F ? 0.75F : 1.0F;
  for (unsigned l = 0; l < LAYERS; ++l) {
    for (uint32_t i = 0; i < weight_count(&layers[l]); ++i) {
      const int32_t n = (int32_t)draw(&state, 257) - 128; /* an exact FP16 value */
      weights.start[i] = gain * (float)n / (float)(128U << start_shift[l]);
    }
    const int error = h2_write_weights(&device, l, weights.start);
    if (error) return error;
  }
  return H2_OK;
}

static int train(void (*print)(const char* text)) {
  for (unsigned n = 1; n <= GROUPS; ++n) {
    h2_group group = {.sub_batches = GROUP,
                      .samples = GROUP * SUB_BATCH,
                      .loss = H2_LOSS_CROSS_ENTROPY,
                      .overlap = 1,
                      .source = next_sub_batch,
                      .source_context = &data};
    const int error = h2_train_group(&device, &group);
    if (error) return error;
    char line[LINE];
    snprintf(line, sizeof line, "group %u: %u of %u correct\n", n, (unsigned)group.correct,
             (unsigned)group.samples);
    if (print) print(line);
  }
  return H2_OK;
}

static int test(void (*print)(const char* text)) {
  unsigned correct = 0;
  for (unsigned n = 0; n < TESTS; ++n) {
    h2_sub_batch batch;
    uint32_t predicted[SUB_BATCH];
    next_sub_batch(&data, &batch);
    const int error = h2_infer(&device, &batch, predicted);
    if (error) return error;
    for (unsigned i = 0; i < SUB_BATCH; ++i) correct += predicted[i] == batch.labels[i];
  }
  char line[LINE];
  snprintf(line, sizeof line, "new patterns: %u of %u correct\n", correct,
           (unsigned)(TESTS * SUB_BATCH));
  if (print) print(line);
  return H2_OK;
}

static int weights_digest(uint64_t* digest) {
  *digest = UINT64_C(0xCBF29CE484222325);
  for (unsigned l = 0; l < LAYERS; ++l) {
    const int error = h2_read_weights(&device, l, weights.stored);
    if (error) return error;
    const size_t bytes = (size_t)weight_count(&layers[l]) * device.value_bytes;
    for (size_t i = 0; i < bytes; ++i)
      *digest = (*digest ^ weights.stored[i]) * UINT64_C(0x100000001B3);
  }
  return H2_OK;
}

int h2_small_training(const h2_bus* bus, void (*print)(const char* text), uint64_t* digest) {
  return h2_small_training_at(bus, 0, print, digest);
}

int h2_small_training_at(const h2_bus* bus, uint64_t rings, void (*print)(const char* text),
                         uint64_t* digest) {
  memset(&data, 0, sizeof data);
  data.state = 2021;
  int error = h2_open(&device, bus, scratch, sizeof scratch);
  if (!error && rings != 0) error = h2_place_rings(&device, rings);
  h2_table table = network;
  table.alpha = h2_decay(&device, network.alpha);
  if (!error) error = h2_load_network(&device, &table, layers, LAYERS);
  if (!error) error = write_start_weights();
  if (!error) error = train(print);
  if (!error) error = test(print);
  return error ? error : weights_digest(digest);
}
