// SPDX-License-Identifier: Apache-2.0
#include "platform/host/network_image.h"

#include <algorithm>

namespace h2 {

namespace {

/// Of a read-out only alpha counts; the other numbers are legal ones.
h2_neuron neuron_record(const Layer& layer, int index, const NeuronSpec& shared) {
  const NeuronSpec& n = layer.readout ? shared : layer.neuron;
  const std::uint32_t kind = layer.readout ? 0
                                           : H2_NEURON_KIND(static_cast<unsigned>(n.reset),
                                                            static_cast<unsigned>(n.surrogate));
  const std::uint32_t adds = H2_NEURON_PUT_ADDS(layer.adds < 0 ? 0 : index - layer.adds) |
                             (layer.adds_potentials ? H2_NEURON_POTENTIALS : 0U);
  return {layer.neuron.alpha, n.th_f, n.th_l, n.th_r, n.beta, kind | adds};
}

/// Whether the five numbers of the table's header say all about a layer's neuron.
bool is_shared(const Layer& layer, NeuronSpec shared) {
  if (layer.adds >= 0) return false;
  if (layer.readout) return layer.neuron.alpha == shared.alpha;
  shared.reset = Reset::hard;
  shared.surrogate = Surrogate::rectangle;
  return layer.neuron == shared;
}

}  // namespace

int NetworkImage::load(h2_device& device) const {
  return h2_load_neurons(&device, &table, layers.data(), neurons.empty() ? nullptr : neurons.data(),
                         static_cast<std::uint32_t>(layers.size()));
}

NetworkImage network_image(const Config& config) {
  NetworkImage image;
  h2_table& t = image.table;
  t.timesteps = config.network.timesteps;
  t.sub_batch = config.training.sub_batch;
  t.flags = config.static_input_once ? H2_TABLE_STATIC_ONCE : 0;
  if (config.machine.fc_weight_gradient == FcGradient::per_group) {
    t.flags |= H2_TABLE_PUT_SLOTS(config.training.batch_group - 1);
  }
  const UpdateSpec& u = config.training.update;
  t.optimizer = u.optimizer == Optimizer::adam ? H2_OPT_ADAM : H2_OPT_SGD;
  t.alpha = config.neuron.alpha;
  t.th_f = config.neuron.th_f;
  t.th_l = config.neuron.th_l;
  t.th_r = config.neuron.th_r;
  t.beta = config.neuron.beta;
  t.learning_rate = u.learning_rate;
  t.momentum = u.momentum;
  t.beta1 = u.beta1;
  t.beta2 = u.beta2;
  t.epsilon = u.epsilon;
  t.loss_scale = u.loss_scale;
  for (const Layer& l : config.network.layers) {
    h2_layer r{};
    r.kind = l.kind == LayerKind::fc ? H2_LAYER_FC : H2_LAYER_CONV;
    r.flags = static_cast<std::uint16_t>(
        (l.encoding ? H2_LAYER_ENCODING : 0U) | (l.grouped ? H2_LAYER_GROUPED : 0U) |
        (l.valid ? H2_LAYER_VALID : 0U) | (l.max_pool ? H2_LAYER_MAX_POOL : 0U) |
        (l.bias ? H2_LAYER_BIAS : 0U) | (l.readout ? H2_LAYER_READOUT : 0U) |
        (l.normalised() ? H2_LAYER_BATCH_NORM : 0U) |
        (l.norm == BatchNormKind::tdbn_branch ? H2_LAYER_NORM_BRANCH : 0U));
    r.pool = static_cast<std::uint16_t>(l.pool);
    r.planes = static_cast<std::uint16_t>(l.planes);
    r.cin = l.cin;
    r.cout = l.cout;
    r.kernel = static_cast<std::uint16_t>(l.kernel);
    r.stride = static_cast<std::uint16_t>(l.stride);
    r.in_height = static_cast<std::uint16_t>(l.in_h);
    r.in_width = static_cast<std::uint16_t>(l.in_w);
    image.layers.push_back(r);
  }
  const auto& layers = config.network.layers;
  if (std::all_of(layers.begin(), layers.end(),
                  [&](const Layer& l) { return is_shared(l, config.neuron); })) {
    return image;
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    image.neurons.push_back(neuron_record(layers[i], static_cast<int>(i), config.neuron));
  }
  return image;
}

}  // namespace h2
