// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace h2 {

/// `count` points in the unit cube of `dimensions`, which depend on the seed alone: each coordinate
/// drawn for itself.
std::vector<std::vector<double>> random_points(std::uint32_t count, std::size_t dimensions,
                                               std::uint64_t seed);
/// Latin hypercube (McKay, Beckman and Conover 1979): in every dimension exactly one point lies in
/// each of `count` equal parts.
std::vector<std::vector<double>> latin_hypercube(std::uint32_t count, std::size_t dimensions,
                                                 std::uint64_t seed);

}  // namespace h2
