// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/tensor_extents.h"

#include <algorithm>
#include <tuple>

namespace h2 {
namespace {

h2_map map_of(const Machine& machine, int channels, int height, int width, int steps, int samples,
              std::uint32_t border) {
  h2_map m{};
  m.channels = static_cast<std::uint32_t>(channels);
  m.height = static_cast<std::uint32_t>(height);
  m.width = static_cast<std::uint32_t>(width);
  m.steps = static_cast<std::uint32_t>(steps);
  m.samples = static_cast<std::uint32_t>(samples);
  m.tile_height = static_cast<std::uint32_t>(machine.tile.height);
  m.tile_width = static_cast<std::uint32_t>(machine.tile.width);
  m.border = border;
  return m;
}

/// Which of two memories: 1 for Mem2.
int space_of(const TensorExtent& e) { return e.mem2 && !e.together ? 1 : 0; }

bool overlap(const TensorExtent& a, const TensorExtent& b) {
  return space_of(a) == space_of(b) && a.offset < b.offset + b.bytes &&
         b.offset < a.offset + a.bytes;
}

}  // namespace

std::vector<TensorExtent> tensor_extents(const std::vector<PlacedLayer>& layers,
                                         const Machine& machine, int sub_batch, int timesteps,
                                         Optimizer optimizer, int slots) {
  const std::uint32_t value_bytes = bytes_of(machine.numerics);
  std::vector<TensorExtent> all;
  std::uint32_t record = 0;
  h2_map input{};  // what the layer reads
  for (const auto& [l, p] : layers) {
    ++record;
    const auto soma = [&, &l = l](std::uint32_t border) {
      return map_of(machine, l.cout, l.soma_h, l.soma_w, timesteps, sub_batch, border);
    };
    const auto bits = [](const h2_map& map) { return h2_map_bits_bytes(&map); };
    const bool last = record == layers.size(), after_soma = l.pool == PoolMode::after_soma;
    if (record == 1) {
      input = map_of(machine, l.inputs_star(), l.in_h, l.in_w, l.encoding ? 1 : timesteps,
                     sub_batch, input_border(l));
    }
    const std::uint32_t read = last ? 0 : input_border(layers[record].layer);
    const h2_map dense = soma(0);
    const std::uint64_t values = h2_map_values_bytes(&dense, value_bytes);
    const std::uint64_t weights = l.parameter_count() * value_bytes,
                        state = l.parameter_count() * 4;
    all.push_back({p.weights, weights, record, false, true});
    all.push_back({p.spikes, bits(soma(after_soma ? 0 : read)), record});
    all.push_back({p.potential, values, record});
    all.push_back({p.mask, bits(dense), record});
    const auto cout = static_cast<std::uint32_t>(l.cout);
    all.push_back({p.gradient, l.normalised() ? h2_norm_end(values, cout) : values, record});
    if (l.kind == LayerKind::conv) {
      all.push_back({p.gradient_mask, bits(soma(gradient_border(l))), record});
    }
    const h2_map pooled =
        map_of(machine, l.cout * l.next_planes, l.next_h, l.next_w, timesteps, sub_batch, read);
    if (after_soma) all.push_back({p.pooled, bits(pooled), record});
    const std::uint64_t slot = h2_slot_bytes(&input, &dense, value_bytes);
    const std::uint64_t sums = l.grouped ? h2_grouped_bytes(weights, slot, slots) : weights;
    all.push_back({p.weight_gradient, sums, record, true});
    input = pooled;  // of another layer than one behind AP2 the same as its spikes
    all.push_back({p.master, state, record, true});
    all.push_back({p.momentum, state, record, true});
    if (optimizer == Optimizer::adam) all.push_back({p.variance, state, record, true});
  }
  return all;
}

std::uint32_t check_extents(const std::vector<TensorExtent>& extents, std::uint64_t memory_bytes,
                            std::uint32_t& layer) {
  for (const TensorExtent& e : extents) {
    layer = e.layer;
    if (e.offset % H2_TENSOR_ALIGN != 0) return H2_ERR_ALIGNMENT;
    if (e.offset > memory_bytes || e.bytes > memory_bytes - e.offset) return H2_ERR_ADDRESS;
  }
  std::vector<TensorExtent> sorted = extents;
  std::sort(sorted.begin(), sorted.end(), [](const TensorExtent& a, const TensorExtent& b) {
    return std::make_tuple(space_of(a), a.offset, a.layer) <
           std::make_tuple(space_of(b), b.offset, b.layer);
  });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    layer = std::max(sorted[i - 1].layer, sorted[i].layer);
    if (overlap(sorted[i - 1], sorted[i])) return H2_ERR_OVERLAP;
  }
  layer = 0;
  return H2_OK;
}

bool touches(const std::vector<TensorExtent>& extents, bool mem2, std::uint64_t offset,
             std::uint64_t bytes) {
  TensorExtent range;
  range.offset = offset;
  range.bytes = bytes;
  range.mem2 = mem2;
  range.together = !extents.empty() && extents.front().together;
  return std::any_of(extents.begin(), extents.end(),
                     [&](const TensorExtent& e) { return overlap(e, range); });
}

}  // namespace h2
