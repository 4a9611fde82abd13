// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "modules/network/network.h"

namespace h2 {

/// Behind the weights of a layer with batch norm, one number per output channel each; files are
/// <layer>.<name>.npy.
constexpr std::array<const char*, 4> kNormFiles{"gamma", "beta", "mean", "variance"};

/// Kaiming normal initialisation (He et al. 2015) of one layer, OIHW or (out,in): standard
/// deviation gain * sqrt(2 / fan-in), fan-in = inputs * taps (planes not counted). Depends on seed
/// and index only. A bias is 0; of batch norm gamma and running variance are 1, the others 0.
std::vector<float> initial_weights(const Layer& layer, float gain, std::uint64_t seed,
                                   int layer_index);

/// The same for every layer.
std::vector<std::vector<float>> initial_weights(const Network& network, float gain,
                                                std::uint64_t seed);

/// OIHW of a convolution, (out,in) of an FC layer, without bias.
std::vector<std::size_t> weight_shape(const Layer& layer);

/// OIHW or (out,in) weights of a layer as the card holds them, with the constant input's behind the
/// others, from those without and one bias per output.
std::vector<float> with_bias(const Layer& layer, const std::vector<float>& weights,
                             const std::vector<float>& bias);

/// Weights of every layer from `folder`/<layer>.w.npy, float16 or float32, in layer order, OIHW or
/// (out,in), of layers with bias from <layer>.b.npy, (out), and of layers with batch norm from the
/// four kNormFiles, (out). Throws InputError naming the file
/// for a missing file, another type or shape, or a value that is not finite.
std::vector<std::vector<float>> load_weights(const std::string& folder, const Network& network);

}  // namespace h2
