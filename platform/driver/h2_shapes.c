// SPDX-License-Identifier: Apache-2.0
/* Shapes of a network's maps. */
#include "platform/driver/h2_shapes.h"

h2_shapes h2_shapes_of(const h2_layer* l) {
  h2_shapes s;
  const uint32_t pad = l->flags & H2_LAYER_VALID ? 0 : l->kernel / 2U;
  const uint32_t shrink = l->pool == H2_POOL_NONE ? 1 : 2;
  s.out_height = (l->in_height + 2 * pad - l->kernel) / l->stride + 1;
  s.out_width = (l->in_width + 2 * pad - l->kernel) / l->stride + 1;
  s.next_height = s.out_height / shrink;
  s.next_width = s.out_width / shrink;
  s.soma_height = l->pool == H2_POOL_BEFORE_SOMA ? s.next_height : s.out_height;
  s.soma_width = l->pool == H2_POOL_BEFORE_SOMA ? s.next_width : s.out_width;
  const int averages = l->pool == H2_POOL_AFTER_SOMA && !(l->flags & H2_LAYER_MAX_POOL);
  s.next_planes = averages ? 3 : 1;
  return s;
}

h2_map h2_map_of(const h2_device* d, uint32_t channels, uint32_t height, uint32_t width,
                 uint32_t steps) {
  h2_map m;
  m.channels = channels;
  m.height = height;
  m.width = width;
  m.steps = steps;
  m.samples = d->table.sub_batch;
  m.tile_height = d->tile_height;
  m.tile_width = d->tile_width;
  m.border = 0;
  return m;
}

uint64_t h2_parameters(const h2_layer* l) {
  const uint64_t weights = (uint64_t)l->cout * l->cin * l->kernel * l->kernel;
  return weights + (l->flags & H2_LAYER_BATCH_NORM ? (uint64_t)l->cout * H2_NORM_ARRAYS : 0);
}

uint32_t h2_inputs(const h2_layer* l) { return l->cin - (l->flags & H2_LAYER_BIAS ? 1 : 0); }

h2_map h2_input_map(const h2_device* d, uint32_t samples) {
  const h2_layer* l = &d->layers[0];
  h2_map m = h2_map_of(d, h2_inputs(l) * l->planes, l->in_height, l->in_width,
                       l->flags & H2_LAYER_ENCODING ? 1 : d->table.timesteps);
  m.samples = samples;
  m.border = h2_input_border(h2_reach(l->kernel, l->flags & H2_LAYER_VALID));
  return m;
}

h2_map h2_output_map(const h2_device* d, uint32_t samples) {
  const h2_layer* l = &d->layers[d->table.layers - 1];
  const h2_shapes s = h2_shapes_of(l);
  h2_map m = h2_map_of(d, l->cout, s.soma_height, s.soma_width, d->table.timesteps);
  m.samples = samples;
  return m;
}

uint32_t h2_classes(const h2_device* d) { return d->layers[d->table.layers - 1].cout; }
