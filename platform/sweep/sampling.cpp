// SPDX-License-Identifier: Apache-2.0
#include "platform/sweep/sampling.h"

#include "modules/base/rng.h"

namespace h2 {
namespace {

CounterRng numbers_of(std::uint64_t seed, std::size_t dimension) {
  return CounterRng(seed, RandomStream::sweep, dimension);
}

}  // namespace

std::vector<std::vector<double>> random_points(std::uint32_t count, std::size_t dimensions,
                                               std::uint64_t seed) {
  std::vector<std::vector<double>> points(count, std::vector<double>(dimensions));
  for (std::size_t d = 0; d < dimensions; ++d) {
    CounterRng rng = numbers_of(seed, d);
    for (auto& point : points) point[d] = rng.uniform();
  }
  return points;
}

std::vector<std::vector<double>> latin_hypercube(std::uint32_t count, std::size_t dimensions,
                                                 std::uint64_t seed) {
  std::vector<std::vector<double>> points(count, std::vector<double>(dimensions));
  for (std::size_t d = 0; d < dimensions; ++d) {
    CounterRng rng = numbers_of(seed, d);
    std::vector<std::uint32_t> parts(count);
    for (std::uint32_t i = 0; i < count; ++i) parts[i] = i;
    for (std::uint32_t i = count; i > 1; --i) std::swap(parts[i - 1], parts[rng.below(i)]);
    for (std::uint32_t i = 0; i < count; ++i) points[i][d] = (parts[i] + rng.uniform()) / count;
  }
  return points;
}

}  // namespace h2
