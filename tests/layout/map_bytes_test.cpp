// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "modules/contract/h2_layout.h"

namespace {

std::uint64_t sum_over_chunks(const h2_map& map) {
  std::uint64_t sum = 0;
  for (std::uint32_t t = 0; t < h2_tiles(&map); ++t)
    for (std::uint32_t b = 0; b < h2_blocks(&map); ++b)
      for (std::uint32_t p = 0; p < H2_PARTS; ++p) {
        const h2_rect r = h2_part(&map, t, p);
        const std::uint32_t channels = std::min(H2_BLOCK, map.channels - b * H2_BLOCK);
        sum +=
            h2_bits_bytes(std::uint64_t{map.steps} * map.samples * r.height * r.width * channels);
      }
  return sum;
}

TEST(MapBytes, ClosedFormIsTheSumOverAllChunks) {
  std::mt19937 random(1);
  const auto draw = [&](std::uint32_t most) {
    return static_cast<std::uint32_t>(1 + random() % most);
  };
  for (int i = 0; i < 2000; ++i) {
    const h2_map map{draw(70), draw(40), draw(40), draw(3), draw(5), draw(9), draw(9), draw(5) - 1};
    ASSERT_EQ(h2_map_bits_bytes(&map), sum_over_chunks(map))
        << map.channels << " x " << map.height << " x " << map.width << ", tiles of "
        << map.tile_height << " x " << map.tile_width;
  }
}

/// 2^40 chunks: a walk over them would never end.
TEST(MapBytes, LargestMapIsCountedAtOnce) {
  const h2_map map{1U << 20, 4096, 4096, 1, 1, 1, 1, 0};
  EXPECT_EQ(h2_map_bits_bytes(&map), (std::uint64_t{1} << 44) / 8);
}

}  // namespace
