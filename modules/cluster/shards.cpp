// SPDX-License-Identifier: Apache-2.0
#include "modules/cluster/shards.h"

#include <algorithm>

#include "modules/base/rng.h"
#include "modules/cluster/shares.h"

namespace h2 {
namespace {

/// Behind all epochs: the order of the shards is not that of one.
constexpr std::uint64_t kShardOrder = UINT64_MAX;

}  // namespace

std::vector<std::uint32_t> shard_of(const std::vector<std::uint16_t>& labels, ShardKind kind,
                                    int workers, int worker, std::uint64_t seed) {
  const std::vector<std::uint32_t> random =
      permutation(static_cast<std::uint32_t>(labels.size()), seed, kShardOrder);
  std::vector<std::uint32_t> order = random, shard;
  auto pieces = static_cast<std::uint64_t>(workers);
  std::vector<std::uint64_t> mine{static_cast<std::uint64_t>(worker)};
  if (kind == ShardKind::two_label) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return labels[a] < labels[b]; });
    // Two of twice as many pieces, half the list apart: of two different labels.
    mine.push_back(mine.front() + pieces);
    pieces *= 2;
  }
  for (const std::uint64_t piece : mine) {
    const Share s = share_of(order.size(), pieces, piece);
    shard.insert(shard.end(), order.begin() + static_cast<std::ptrdiff_t>(s.first),
                 order.begin() + static_cast<std::ptrdiff_t>(s.end()));
  }
  std::sort(shard.begin(), shard.end());
  return shard;
}

}  // namespace h2
