// SPDX-License-Identifier: Apache-2.0
#include "modules/contract/h2_layout.h"

#include <string.h>

#include "modules/contract/h2_contract.h"

static uint32_t parts(uint32_t length, uint32_t payload) {
  return (length + payload - 1) / payload;
}

uint32_t h2_tile_parts(uint32_t length, uint32_t payload) { return parts(length, payload); }

uint32_t h2_tile_border(uint32_t length, uint32_t payload, uint32_t index) {
  const uint32_t count = parts(length, payload), larger = length % count;
  return index * (length / count) + (index < larger ? index : larger);
}

uint32_t h2_tiles(const h2_map* map) {
  return parts(map->height, map->tile_height) * parts(map->width, map->tile_width);
}

uint32_t h2_blocks(const h2_map* map) { return parts(map->channels, H2_BLOCK); }

h2_rect h2_tile(const h2_map* map, uint32_t tile) {
  const uint32_t cols = parts(map->width, map->tile_width);
  const uint32_t r = tile / cols, c = tile % cols;
  h2_rect rect;
  rect.y0 = h2_tile_border(map->height, map->tile_height, r);
  rect.x0 = h2_tile_border(map->width, map->tile_width, c);
  rect.height = h2_tile_border(map->height, map->tile_height, r + 1) - rect.y0;
  rect.width = h2_tile_border(map->width, map->tile_width, c + 1) - rect.x0;
  return rect;
}

/* Start of band `index` (0..3) along a side: border, middle, border. */
static uint32_t band(uint32_t length, uint32_t border, uint32_t index) {
  const uint32_t first = border < length ? border : length;
  const uint32_t last = length - border > first && border < length ? length - border : first;
  return index == 0 ? 0 : index == 1 ? first : index == 2 ? last : length;
}

h2_rect h2_part(const h2_map* map, uint32_t tile, uint32_t part) {
  static const uint8_t rows[H2_PARTS] = {1, 0, 0, 0, 1, 2, 2, 2, 1};
  static const uint8_t cols[H2_PARTS] = {0, 0, 1, 2, 2, 2, 1, 0, 1};
  const h2_rect r = h2_tile(map, tile);
  const uint32_t row = rows[part], col = cols[part];
  h2_rect p;
  p.y0 = r.y0 + band(r.height, map->border, row);
  p.x0 = r.x0 + band(r.width, map->border, col);
  p.height = r.y0 + band(r.height, map->border, row + 1) - p.y0;
  p.width = r.x0 + band(r.width, map->border, col + 1) - p.x0;
  return p;
}

uint32_t h2_input_border(uint32_t kernel) { return kernel / 2; }

uint32_t h2_gradient_border(uint32_t kernel, uint32_t stride, int pooled) {
  const uint32_t conv = (kernel / 2 + stride - 1) / stride;
  return pooled ? (conv + 1) / 2 : conv;
}

static uint32_t block_channels(const h2_map* map, uint32_t block) {
  const uint32_t left = map->channels - block * H2_BLOCK;
  return left < H2_BLOCK ? left : H2_BLOCK;
}

uint64_t h2_chunk_elements(const h2_map* map, uint32_t tile, uint32_t block) {
  const h2_rect rect = h2_tile(map, tile);
  return (uint64_t)map->steps * map->samples * rect.height * rect.width *
         block_channels(map, block);
}

uint64_t h2_bits_bytes(uint64_t elements) { return (elements + 7) / 8; }

/* `length` cut evenly: sizes[0] for count[0] parts, one more for the others. */
static void cut(uint32_t length, uint32_t payload, uint32_t sizes[2], uint32_t count[2]) {
  const uint32_t all = parts(length, payload);
  sizes[0] = length / all;
  sizes[1] = sizes[0] + 1;
  count[1] = length % all;
  count[0] = all - count[1];
}

/* Bytes of a chunk of bits with `channels` channels on a tile of that size. */
static uint64_t chunk_bits_bytes(const h2_map* map, uint32_t height, uint32_t width,
                                 uint32_t channels) {
  const uint64_t maps = (uint64_t)map->steps * map->samples;
  uint64_t sum = 0;
  for (uint32_t r = 0; r < 3; ++r)
    for (uint32_t c = 0; c < 3; ++c) {
      const uint64_t rows = band(height, map->border, r + 1) - band(height, map->border, r);
      const uint64_t cols = band(width, map->border, c + 1) - band(width, map->border, c);
      sum += h2_bits_bytes(maps * rows * cols * channels);
    }
  return sum;
}

uint64_t h2_chunk_bits_bytes(const h2_map* map, uint32_t tile, uint32_t block) {
  const h2_rect r = h2_tile(map, tile);
  return chunk_bits_bytes(map, r.height, r.width, block_channels(map, block));
}

/* All chunks with the same tile size and as many channels have as many bytes: there are at most
 * eight kinds, however large the map. */
uint64_t h2_map_bits_bytes(const h2_map* map) {
  uint32_t rows[2], row_count[2], cols[2], col_count[2];
  cut(map->height, map->tile_height, rows, row_count);
  cut(map->width, map->tile_width, cols, col_count);
  const uint32_t channels[2] = {H2_BLOCK, map->channels % H2_BLOCK};
  const uint32_t blocks[2] = {map->channels / H2_BLOCK, channels[1] != 0};
  uint64_t sum = 0;
  for (int r = 0; r < 2; ++r)
    for (int c = 0; c < 2; ++c)
      for (int b = 0; b < 2; ++b)
        sum += (uint64_t)row_count[r] * col_count[c] * blocks[b] *
               chunk_bits_bytes(map, rows[r], cols[c], channels[b]);
  return sum;
}

uint64_t h2_map_values_bytes(const h2_map* map, uint32_t value_bytes) {
  return (uint64_t)map->steps * map->samples * map->height * map->width * map->channels *
         value_bytes;
}

static uint64_t aligned(uint64_t bytes) {
  return (bytes + H2_TENSOR_ALIGN - 1) / H2_TENSOR_ALIGN * H2_TENSOR_ALIGN;
}

uint64_t h2_slot_bytes(const h2_map* input, const h2_map* gradient, uint32_t value_bytes) {
  return aligned(h2_map_bits_bytes(input)) + aligned(h2_map_values_bytes(gradient, value_bytes));
}

uint64_t h2_grouped_bytes(uint64_t weight_bytes, uint64_t slot_bytes, uint32_t slots) {
  return aligned(weight_bytes) + slot_bytes * slots;
}

uint64_t h2_norm_currents(uint64_t values) { return aligned(values); }

uint64_t h2_norm_moments(uint64_t values) { return 2 * aligned(values); }

uint64_t h2_norm_gradients(uint64_t values, uint32_t cout) {
  return h2_norm_moments(values) + aligned((uint64_t)cout * 8);
}

uint64_t h2_norm_end(uint64_t values, uint32_t cout) {
  return h2_norm_gradients(values, cout) + (uint64_t)cout * 8;
}

uint64_t h2_weight_index(uint32_t cout, uint32_t cin, uint32_t taps, uint32_t o, uint32_t i,
                         uint32_t tap) {
  const uint32_t ob = o / H2_BLOCK, ib = i / H2_WEIGHT_BLOCK_IN;
  const uint32_t o_left = cout - ob * H2_BLOCK, i_left = cin - ib * H2_WEIGHT_BLOCK_IN;
  const uint64_t o_size = o_left < H2_BLOCK ? o_left : H2_BLOCK;
  const uint64_t i_size = i_left < H2_WEIGHT_BLOCK_IN ? i_left : H2_WEIGHT_BLOCK_IN;
  const uint64_t before = (uint64_t)ob * H2_BLOCK * cin + o_size * ib * H2_WEIGHT_BLOCK_IN;
  const uint64_t inside = (o % H2_BLOCK) * i_size + i % H2_WEIGHT_BLOCK_IN;
  return (before + inside) * taps + tap;
}

uint32_t h2_checksum(uint32_t seed, const void* data, size_t bytes) {
  const uint8_t* p = (const uint8_t*)data;
  uint32_t low = seed & 0xFFFFU, high = seed >> 16;
  for (size_t i = 0; i < bytes; ++i) {
    low = (low + p[i] + 1U) % 65521U;
    high = (high + low) % 65521U;
  }
  return (high << 16) | low;
}

static unsigned input_bit(const h2_map* map, uint32_t planes, const uint8_t* sample, uint32_t t,
                          uint32_t channel, uint32_t y, uint32_t x) {
  const uint32_t plane = channel % planes, channels = map->channels / planes;
  const uint64_t at =
      (((uint64_t)t * channels + channel / planes) * map->height + y) * map->width + x;
  return (sample[at] >> plane) & 1U;
}

static uint64_t pack_part(const h2_map* map, uint32_t planes, const uint8_t* const* samples,
                          h2_rect r, uint32_t block, uint8_t* out) {
  const uint32_t channels = block_channels(map, block);
  uint64_t bit = 0;
  for (uint32_t t = 0; t < map->steps; ++t)
    for (uint32_t b = 0; b < map->samples; ++b)
      for (uint32_t y = r.y0; y < r.y0 + r.height; ++y)
        for (uint32_t x = r.x0; x < r.x0 + r.width; ++x)
          for (uint32_t c = 0; c < channels; ++c, ++bit)
            if (input_bit(map, planes, samples[b], t, block * H2_BLOCK + c, y, x))
              out[bit / 8] |= (uint8_t)(1U << (bit % 8));
  return h2_bits_bytes(bit);
}

void h2_pack_input(const h2_map* map, uint32_t planes, const uint8_t* const* samples,
                   uint8_t* out) {
  memset(out, 0, h2_map_bits_bytes(map));
  for (uint32_t t = 0; t < h2_tiles(map); ++t)
    for (uint32_t b = 0; b < h2_blocks(map); ++b)
      for (uint32_t part = 0; part < H2_PARTS; ++part)
        out += pack_part(map, planes, samples, h2_part(map, t, part), b, out);
}
