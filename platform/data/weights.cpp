// SPDX-License-Identifier: Apache-2.0
#include "platform/data/weights.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <utility>

#include "modules/base/error.h"
#include "modules/base/rng.h"
#include "modules/tensor/npy.h"

namespace h2 {
namespace {

std::vector<float> load_array(const std::string& path, const Layer& layer,
                              const std::vector<std::size_t>& shape) {
  const NpyArray array = read_npy(path);
  if (array.type != NpyType::float16 && array.type != NpyType::float32) {
    throw InputError(path + ": weights are integers, legal: float16 or float32");
  }
  if (array.shape != shape) {
    throw InputError(path + ": shape " + npy_shape_text(array.shape) + ", layer " + layer.name +
                     " needs " + npy_shape_text(shape));
  }
  std::vector<float> weights = array.to_float();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i])) {
      throw InputError(path + ": weight " + std::to_string(i) + " is not finite");
    }
  }
  return weights;
}

/// With gamma, beta, running mean and variance behind the weights.
std::vector<float> with_norm(const std::string& path, const Layer& layer,
                             std::vector<float> weights) {
  const auto out = static_cast<std::size_t>(layer.cout);
  for (std::size_t i = 0; i < kNormFiles.size(); ++i) {
    const std::string file = path + "." + kNormFiles[i] + ".npy";
    const std::vector<float> values = load_array(file, layer, {out});
    const bool variance = i + 1 == kNormFiles.size();
    for (std::size_t c = 0; variance && c < out; ++c) {
      if (values[c] >= 0) continue;
      throw InputError(file + ": variance " + std::to_string(c) + " is below 0; legal: 0 and more");
    }
    weights.insert(weights.end(), values.begin(), values.end());
  }
  return weights;
}

std::vector<float> load_layer(const std::filesystem::path& folder, const Layer& layer) {
  const std::string path = (folder / layer.name).string();
  std::vector<float> weights = load_array(path + ".w.npy", layer, weight_shape(layer));
  const auto out = static_cast<std::size_t>(layer.cout);
  if (layer.normalised()) return with_norm(path, layer, std::move(weights));
  if (!layer.bias) return weights;
  return with_bias(layer, weights, load_array(path + ".b.npy", layer, {out}));
}

}  // namespace

std::vector<std::size_t> weight_shape(const Layer& layer) {
  const auto out = static_cast<std::size_t>(layer.cout),
             in = static_cast<std::size_t>(layer.inputs());
  const auto side = static_cast<std::size_t>(layer.kernel);
  if (layer.kind == LayerKind::fc) return {out, in};
  return {out, in, side, side};
}

std::vector<float> with_bias(const Layer& layer, const std::vector<float>& weights,
                             const std::vector<float>& bias) {
  const std::size_t row = static_cast<std::size_t>(layer.inputs()) * layer.taps();
  std::vector<float> all;
  for (std::size_t o = 0; o < bias.size(); ++o) {
    all.insert(all.end(), weights.begin() + static_cast<std::ptrdiff_t>(o * row),
               weights.begin() + static_cast<std::ptrdiff_t>((o + 1) * row));
    all.resize(all.size() + static_cast<std::size_t>(layer.taps()), 0.0F);
    all[all.size() - static_cast<std::size_t>(layer.taps() / 2) - 1] = bias[o];
  }
  return all;
}

std::vector<float> initial_weights(const Layer& layer, float gain, std::uint64_t seed,
                                   int layer_index) {
  const double fan_in = static_cast<double>(layer.inputs()) * layer.taps();
  const double deviation = gain * std::sqrt(2.0 / fan_in);
  CounterRng rng(seed, RandomStream::weights, static_cast<std::uint64_t>(layer_index));
  std::vector<float> weights(layer.weight_count());
  for (float& w : weights) w = static_cast<float>(deviation * rng.normal());
  if (layer.bias) {
    const std::size_t row = static_cast<std::size_t>(layer.cin) * layer.taps();
    for (std::size_t end = row; end <= weights.size(); end += row) {
      std::fill_n(&weights[end - layer.taps()], layer.taps(), 0.0F);
    }
  }
  for (const float start : {1.0F, 0.0F, 0.0F, 1.0F}) {  // gamma, beta, running mean and variance
    if (layer.normalised())
      weights.insert(weights.end(), static_cast<std::size_t>(layer.cout), start);
  }
  return weights;
}

std::vector<std::vector<float>> initial_weights(const Network& network, float gain,
                                                std::uint64_t seed) {
  std::vector<std::vector<float>> weights;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    weights.push_back(initial_weights(network.layers[l], gain, seed, static_cast<int>(l)));
  }
  return weights;
}

std::vector<std::vector<float>> load_weights(const std::string& folder, const Network& network) {
  std::vector<std::vector<float>> weights;
  for (const Layer& layer : network.layers) weights.push_back(load_layer(folder, layer));
  return weights;
}

}  // namespace h2
