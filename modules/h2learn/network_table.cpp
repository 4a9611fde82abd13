// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/network_table.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "modules/arithmetic/slopes.h"

namespace h2 {
namespace {

constexpr int kLargestSide = 4096, kLargestKernel = 31;
constexpr double kMostElements = 0x1p60;  ///< of a map, over all samples and timesteps
constexpr std::uint32_t kMostInputs = 1U << 26, kMostOutputs = 1U << 20;

bool flags_of(const h2_layer& r, const Machine& machine, Layer& l) {
  const bool fc = r.kind == H2_LAYER_FC;
  const unsigned kind =
      fc ? H2_LAYER_GROUPED | H2_LAYER_READOUT : H2_LAYER_VALID | H2_LAYER_MAX_POOL;
  constexpr unsigned kNorm = H2_LAYER_BATCH_NORM | H2_LAYER_NORM_BRANCH;
  if ((r.flags & ~(H2_LAYER_ENCODING | H2_LAYER_BIAS | kNorm | kind)) != 0) return false;
  l.encoding = (r.flags & H2_LAYER_ENCODING) != 0;
  l.grouped = (r.flags & H2_LAYER_GROUPED) != 0;
  l.valid = (r.flags & H2_LAYER_VALID) != 0;
  l.max_pool = (r.flags & H2_LAYER_MAX_POOL) != 0;
  l.bias = (r.flags & H2_LAYER_BIAS) != 0;
  l.readout = (r.flags & H2_LAYER_READOUT) != 0;
  if ((r.flags & kNorm) == H2_LAYER_NORM_BRANCH) return false;
  l.norm = (r.flags & H2_LAYER_NORM_BRANCH) != 0  ? BatchNormKind::tdbn_branch
           : (r.flags & H2_LAYER_BATCH_NORM) != 0 ? BatchNormKind::tdbn
                                                  : BatchNormKind::none;
  if (l.normalised() &&
      (!machine.extensions || l.bias || l.readout || r.pool == H2_POOL_BEFORE_SOMA)) {
    return false;
  }
  if (l.readout && !machine.extensions) return false;
  if (l.bias && r.cin < 2) return false;
  if (l.max_pool && (!machine.extensions || r.pool != H2_POOL_AFTER_SOMA)) return false;
  return !l.valid || (r.kernel <= r.in_height && r.kernel <= r.in_width);
}

bool shape_of(const h2_layer& r, const Machine& machine, Layer& l) {
  if (r.kind > H2_LAYER_FC || r.pool > H2_POOL_BEFORE_SOMA) return false;
  const bool fc = r.kind == H2_LAYER_FC;
  if (r.kernel % 2 == 0 || r.kernel > kLargestKernel || r.stride < 1 || r.stride > 2) return false;
  if (r.cin == 0 || r.cout == 0 || r.in_height == 0 || r.in_width == 0) return false;
  if (r.cin > kMostInputs || r.cout > kMostOutputs) return false;
  if (r.in_height > kLargestSide || r.in_width > kLargestSide) return false;
  const bool pools_spikes = r.pool == H2_POOL_AFTER_SOMA;
  if (!flags_of(r, machine, l) || (!pools_spikes && r.pooled != 0)) return false;
  if (fc && r.gradient_mask != 0) return false;
  if (r.planes != 1 && r.planes != 3 && r.planes != 8) return false;
  if (fc && (r.kernel != 1 || r.stride != 1 || r.in_height != 1 || r.in_width != 1 || r.pool != 0))
    return false;
  l.kind = fc ? LayerKind::fc : LayerKind::conv;
  l.pool = static_cast<PoolMode>(r.pool);
  l.cin = static_cast<int>(r.cin);
  l.planes = r.planes;
  l.in_h = r.in_height;
  l.in_w = r.in_width;
  l.cout = static_cast<int>(r.cout);
  l.kernel = r.kernel;
  l.stride = r.stride;
  derive_shapes(l);
  return l.next_h > 0 && l.next_w > 0;
}

bool follows(const Layer& below, const Layer& l) {
  if (l.encoding || below.readout || l.planes != below.next_planes) return false;
  if (l.kind == LayerKind::fc) {  // a damaged table may claim more than an int holds
    return l.inputs() == std::int64_t{below.cout} * below.next_h * below.next_w;
  }
  return below.kind == LayerKind::conv && l.inputs() == below.cout && l.in_h == below.next_h &&
         l.in_w == below.next_w;
}

bool first_fits(const Layer& l) { return l.encoding ? l.planes == 8 : l.planes == 1; }

/// Sums of bytes stay far from the end of 64 bits, and weights can be counted by an int.
bool can_be_placed(const Layer& l, const h2_table& h) {
  const double positions = double{1.0} * l.soma_h * l.soma_w * l.cout;
  return positions * l.next_planes * h.timesteps * h.sub_batch <= kMostElements &&
         l.parameter_count() <= std::numeric_limits<int>::max();
}

/// Names layers conv1.., fc1.. in order.
void name_layers(Network& network) {
  int conv = 0, fc = 0;
  for (Layer& l : network.layers) {
    l.name =
        l.kind == LayerKind::fc ? "fc" + std::to_string(++fc) : "conv" + std::to_string(++conv);
  }
}

bool within(float value, float low, float high) { return value >= low && value <= high; }

/// False for a NaN as well.
bool neuron_in_range(const NeuronSpec& n) {
  constexpr float kLargest = 65504;  // of FP16
  return within(n.alpha, 0, 1) && within(n.th_f, 0, kLargest) &&
         within(n.th_l, -kLargest, kLargest) && within(n.th_r, -kLargest, kLargest) &&
         n.th_l < n.th_r && within(n.beta, 0, kLargest) && n.beta > 0;
}

/// False if the machine has no such neuron.
bool neuron_of(const h2_neuron& record, const Machine& machine, NeuronSpec& n) {
  const std::uint32_t reset = H2_NEURON_RESET(record.kind);
  const std::uint32_t surrogate = H2_NEURON_SURROGATE(record.kind);
  std::uint32_t adds = H2_NEURON_PUT_ADDS(H2_NEURON_ADDS(record.kind));
  if (adds != 0) adds |= record.kind & H2_NEURON_POTENTIALS;
  if (record.kind != (H2_NEURON_KIND(reset, surrogate) | adds) || reset > H2_RESET_SOFT_AFTER_DECAY)
    return false;
  n = {record.alpha, record.th_f, record.th_l, record.th_r, record.beta};
  n.reset = static_cast<Reset>(reset);
  n.surrogate = static_cast<Surrogate>(surrogate);
  if (!neuron_in_range(n)) return false;
  if (record.kind != 0 && !machine.extensions) return false;
  const float width = n.th_r - n.th_l;
  return n.surrogate == Surrogate::rectangle ||
         within(width, Slopes::kLeastWidth, Slopes::kMostWidth);
}

bool update_in_range(const h2_table& h) {
  int exponent = 0;
  if (!within(h.loss_scale, 1, 1 << 24) || std::frexp(h.loss_scale, &exponent) != 0.5F)
    return false;
  for (const float decay : {h.momentum, h.beta1, h.beta2}) {
    if (!within(decay, 0, 1) || decay == 1.0F) return false;
  }
  return within(h.learning_rate, 0, kMostLearningRate) && within(h.epsilon, 0, 1) &&
         (h.optimizer == H2_OPT_SGD || h.epsilon > 0);
}

bool parameters_of(const h2_table& h, NetworkTable& table) {
  const float values[] = {h.learning_rate, h.momentum, h.beta1, h.beta2, h.epsilon, h.loss_scale};
  for (const float v : values) {
    if (!std::isfinite(v)) return false;
  }
  const std::uint32_t slots = H2_TABLE_SLOTS(h.flags);
  const std::uint32_t flags = h.flags & 0xFFU;
  if ((flags & ~(H2_TABLE_STATIC_ONCE | H2_TABLE_NEURONS)) != 0 || slots > H2_MOST_SLOTS) {
    return false;
  }
  table.slots = static_cast<int>(slots);
  if (h.optimizer > H2_OPT_ADAM) return false;
  if (!neuron_in_range({h.alpha, h.th_f, h.th_l, h.th_r, h.beta})) return false;
  if (!update_in_range(h)) return false;
  table.update.optimizer = h.optimizer == H2_OPT_ADAM ? Optimizer::adam : Optimizer::sgd;
  table.update.learning_rate = h.learning_rate;
  table.update.momentum = h.momentum;
  table.update.beta1 = h.beta1;
  table.update.beta2 = h.beta2;
  table.update.epsilon = h.epsilon;
  table.update.loss_scale = h.loss_scale;
  table.static_once = (h.flags & H2_TABLE_STATIC_ONCE) != 0;
  return true;
}

std::uint32_t checksum_of(h2_table header, const std::vector<h2_layer>& records,
                          const std::vector<h2_neuron>& neurons) {
  header.checksum = 0;
  std::uint32_t sum = h2_checksum(0, &header, sizeof header);
  sum = h2_checksum(sum, records.data(), records.size() * sizeof(h2_layer));
  return neurons.empty() ? sum
                         : h2_checksum(sum, neurons.data(), neurons.size() * sizeof(h2_neuron));
}

}  // namespace

std::uint32_t parse_header(const h2_table& h) {
  if (h.magic != H2_TABLE_MAGIC) return H2_ERR_TABLE;
  if (h.version != H2_TABLE_VERSION) return H2_ERR_VERSION;
  const bool sane = h.layers >= 1 && h.layers <= H2_MAX_LAYERS &&
                    h.layer_size == sizeof(h2_layer) && h.timesteps >= 1 && h.timesteps <= 1024 &&
                    h.sub_batch >= 1 && h.sub_batch <= 1024;
  return sane ? H2_OK : H2_ERR_TABLE;
}

std::uint64_t table_bytes(const h2_table& header) {
  const bool neurons = (header.flags & H2_TABLE_NEURONS) != 0;
  return sizeof header +
         header.layers * (sizeof(h2_layer) + (neurons ? sizeof(h2_neuron) : std::size_t{0}));
}

std::uint32_t parse_table(const h2_table& header, const std::vector<h2_layer>& records,
                          const std::vector<h2_neuron>& neurons, const Machine& machine,
                          NetworkTable& table, std::uint32_t& layer) {
  layer = 0;
  if (checksum_of(header, records, neurons) != header.checksum) return H2_ERR_CHECKSUM;
  if (!parameters_of(header, table)) return H2_ERR_TABLE;
  table.checksum = header.checksum;
  table.sub_batch = static_cast<int>(header.sub_batch);
  table.network.timesteps = static_cast<int>(header.timesteps);
  for (const h2_layer& record : records) {
    ++layer;
    Layer l;
    if (!shape_of(record, machine, l)) return H2_ERR_TABLE;
    l.neuron = {header.alpha, header.th_f, header.th_l, header.th_r, header.beta};
    if (!neurons.empty()) {
      if (!neuron_of(neurons[layer - 1], machine, l.neuron)) return H2_ERR_TABLE;
    }
    if (l.readout) l.neuron = readout_neuron(l.neuron.alpha);
    if (table.update.optimizer == Optimizer::sgd && record.variance != 0) return H2_ERR_TABLE;
    if (!can_be_placed(l, header)) return H2_ERR_ADDRESS;
    const auto& layers = table.network.layers;
    if (!(layers.empty() ? first_fits(l) : follows(layers.back(), l))) return H2_ERR_TABLE;
    table.network.layers.push_back(l);
    const auto index = static_cast<int>(layer) - 1;
    const std::uint32_t kind = neurons.empty() ? 0 : neurons[index].kind;
    const int adds = static_cast<int>(H2_NEURON_ADDS(kind));
    const bool potentials = (kind & H2_NEURON_POTENTIALS) != 0;
    if (adds != 0 && !add_shortcut(table.network.layers, index, index - adds, potentials).empty()) {
      return H2_ERR_TABLE;
    }
  }
  name_layers(table.network);
  layer = 0;
  const Layer& first = table.network.layers.front();
  table.network.input = {first.inputs(), first.in_h, first.in_w};
  for (std::size_t i = 0; i < records.size(); ++i) {
    table.layers.push_back({table.network.layers[i], records[i]});
  }
  table.extents = tensor_extents(table.layers, machine, table.sub_batch, table.network.timesteps,
                                 table.update.optimizer, table.slots);
  return H2_OK;
}

}  // namespace h2
