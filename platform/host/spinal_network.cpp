// SPDX-License-Identifier: Apache-2.0
#include "platform/host/spinal_network.h"

#include <algorithm>
#include <cmath>

#include "modules/base/error.h"
#include "modules/spinalflow/filter_rows.h"
#include "modules/spinalflow/spinal_table.h"

namespace h2 {
namespace {

void require_spiking_input(const Layer& layer) {
  if (layer.encoding) {
    throw InputError("network.layers: " + layer.name +
                     " reads pixels of 8 bits; legal for SpinalFlow: spikes (begin behind it with "
                     "--from and --spikes)");
  }
  if (layer.planes != 1) {
    throw InputError("network.layers: " + layer.name +
                     " reads averages of spikes; legal for SpinalFlow: spikes (set network.pool to "
                     "before_soma)");
  }
}

/// `below`: the layer that feeds it, or null.
sf_layer layer_record(const Layer& l, const Layer* below) {
  sf_layer r{};
  r.cout = static_cast<std::uint32_t>(l.cout);
  r.input_bits = 1;
  r.stride = static_cast<std::uint16_t>(l.stride);
  r.pool = l.pool == PoolMode::before_soma ? 2 : 1;
  if (l.kind == LayerKind::conv) {
    r.cin = static_cast<std::uint32_t>(l.cin);
    r.in_height = static_cast<std::uint16_t>(l.in_h);
    r.in_width = static_cast<std::uint16_t>(l.in_w);
    r.kernel_height = r.kernel_width = static_cast<std::uint16_t>(l.kernel);
    r.pad = static_cast<std::uint16_t>(l.pad);
    return r;
  }
  r.in_height = static_cast<std::uint16_t>(below != nullptr ? below->next_h : 1);
  r.in_width = static_cast<std::uint16_t>(below != nullptr ? below->next_w : 1);
  r.cin = static_cast<std::uint32_t>(l.cin / (r.in_height * r.in_width));
  r.kernel_height = r.in_height;
  r.kernel_width = r.in_width;
  return r;
}

std::int32_t threshold_of(const sf_layer& r, float th_f, float scale) {
  const double sum = static_cast<double>(th_f) * r.pool * r.pool / scale;
  return static_cast<std::int32_t>(std::lround(std::clamp(sum, 1.0, 1e9)));
}

}  // namespace

void require_spikes(const Config& config) {
  for (const Layer& layer : config.network.layers) require_spiking_input(layer);
}

SpinalNetwork spinal_network(const Config& config, int first, int end,
                             const std::vector<std::vector<float>>& weights) {
  const SpinalMachine& m = config.spinalflow;
  SpinalNetwork network;
  sf_table& t = network.table;
  t.ticks = static_cast<std::uint32_t>(config.network.timesteps);
  t.samples = static_cast<std::uint32_t>(config.training.sub_batch);
  t.fire = static_cast<std::uint32_t>(m.fire);
  t.reset = static_cast<std::uint32_t>(m.reset);
  t.one_spike = m.one_spike ? 1 : 0;
  t.leak = static_cast<std::uint32_t>(m.leak);
  const std::vector<Layer>& layers = config.network.layers;
  for (int i = first; i < end; ++i) {
    require_spiking_input(layers[i]);
    sf_layer r = layer_record(layers[i], i > 0 ? &layers[i - 1] : nullptr);
    Int8Weights own = quantise(weights[i]);
    r.threshold = threshold_of(r, config.neuron.th_f, own.scale);
    const std::string why = refusal(spinal_layer(r, config.network.timesteps), m.unit);
    if (!why.empty()) {
      throw InputError("network.layers: SpinalFlow cannot run " + layers[i].name + ": " + why);
    }
    network.layers.push_back(r);
    network.weights.push_back(std::move(own.values));
  }
  return network;
}

}  // namespace h2
