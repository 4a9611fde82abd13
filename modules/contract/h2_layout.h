// SPDX-License-Identifier: Apache-2.0
/* Where tensor elements lie in memory. Plain C, used by the model and by drivers.
 *
 * A map tensor is a sequence of chunks, [tile][channel block]: tiles row-major, blocks of
 * H2_BLOCK channels. A chunk is a sequence of parts: the positions that neighbouring tiles need as
 * their halo, `border` rows or columns at each side of the tile, lie apart from its interior, so
 * that a halo is a few long bursts. A part holds [t][sample][y][x][channel in block]. Bits are
 * packed without gaps, lowest bit first, and padded to a byte per part; values are not padded.
 * Potentials of convolutions are packed (only where the mask is set, in the same order) into a slot
 * of a dense part's size. Tensors that no tile reads with a halo have a border of 0: one part.
 * FC tensors are 1x1 maps.
 *
 * Weights are blocked [16 output channels][64 input channels]; inside a block
 * [output][input][ky][kx]; no padding. */
#ifndef H2_LAYOUT_H
#define H2_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define H2_BLOCK 16U
#define H2_WEIGHT_BLOCK_IN 64U
/* Parts of a chunk in memory order: left, top left, top, top right, right, bottom right, bottom,
 * bottom left, interior. Each side of the ring but the left one is contiguous with its corners. */
#define H2_PARTS 9U

typedef struct h2_map {
  uint32_t channels, height, width;
  uint32_t steps, samples; /* steps = 1 for a static input */
  uint32_t tile_height, tile_width;
  uint32_t border; /* width of the ring that neighbouring tiles read */
} h2_map;

typedef struct h2_rect {
  uint32_t y0, x0, height, width;
} h2_rect;

/* Tiles along one side of a map, and the first position of tile `index` (or the length). */
uint32_t h2_tile_parts(uint32_t length, uint32_t payload);
uint32_t h2_tile_border(uint32_t length, uint32_t payload, uint32_t index);
uint32_t h2_tiles(const h2_map* map);
uint32_t h2_blocks(const h2_map* map);
/* Even split; where it is not exact the first tiles are one larger. */
h2_rect h2_tile(const h2_map* map, uint32_t tile);
/* Positions of a part of the tile's chunks; may be empty. */
h2_rect h2_part(const h2_map* map, uint32_t tile, uint32_t part);
/* Border of the map that a kernel reads, and of the grad-u of a layer that is read for the layer
 * below; `pooled`: grad-u lies at the positions of a 2x2 pooling before Soma. */
uint32_t h2_input_border(uint32_t kernel);
/* Without padding the tiles of a map and of the one that is read drift apart: a kernel then reaches
 * as far as this larger one, which the two borders above and below are asked for. */
static inline uint32_t h2_reach(uint32_t kernel, int valid) {
  return valid ? 2 * kernel - 1 : kernel;
}
uint32_t h2_gradient_border(uint32_t kernel, uint32_t stride, int pooled);
/* Elements of one chunk. */
uint64_t h2_chunk_elements(const h2_map* map, uint32_t tile, uint32_t block);
/* Bytes of a part of `elements` bits. */
uint64_t h2_bits_bytes(uint64_t elements);
/* Bytes of a chunk of bits. */
uint64_t h2_chunk_bits_bytes(const h2_map* map, uint32_t tile, uint32_t block);
/* Bytes of whole tensors. */
uint64_t h2_map_bits_bytes(const h2_map* map);
uint64_t h2_map_values_bytes(const h2_map* map, uint32_t value_bytes);

/* What a grouped layer keeps of a sub-batch: input, then grad-u, each from a multiple of 64 bytes.
 */
uint64_t h2_slot_bytes(const h2_map* input, const h2_map* gradient, uint32_t value_bytes);
/* Behind `weight_bytes` of grad-w at a multiple of 64 bytes: slots, one for each sub-batch before
 * the last. Bytes of both. */
uint64_t h2_grouped_bytes(uint64_t weight_bytes, uint64_t slot_bytes, uint32_t slots);

/* What a layer with batch norm has behind grad-u, which has `values` bytes: its currents, as many
 * bytes, whose place the gradient of the currents takes; then, FP32, mean and variance of each
 * output channel in turn; then grad-beta and grad-gamma of each. All from a multiple of 64 bytes.
 * Offsets from grad-u; the last one is the end of all. */
uint64_t h2_norm_currents(uint64_t values);
uint64_t h2_norm_moments(uint64_t values);
uint64_t h2_norm_gradients(uint64_t values, uint32_t cout);
uint64_t h2_norm_end(uint64_t values, uint32_t cout);

/* Index of a weight among cout*cin*taps. */
uint64_t h2_weight_index(uint32_t cout, uint32_t cin, uint32_t taps, uint32_t o, uint32_t i,
                         uint32_t tap);

/* Adler-style checksum of the network table. */
uint32_t h2_checksum(uint32_t seed, const void* data, size_t bytes);

/* Packs one sub-batch as the first layer reads it. `samples[b]` holds map->channels/planes
 * channels: bytes [C][H][W] if planes is 8 (steps 1), else 0/1 bytes [T][C][H][W].
 * `out` has h2_map_bits_bytes(map) bytes. */
void h2_pack_input(const h2_map* map, uint32_t planes, const uint8_t* const* samples, uint8_t* out);

#ifdef __cplusplus
}
#endif
#endif
