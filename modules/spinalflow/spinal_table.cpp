// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spinal_table.h"

#include "modules/contract/h2_layout.h"

namespace h2 {
namespace {

constexpr std::uint32_t kMostSamples = 1024, kMostTicks = 256;

bool follows(const SpinalLayer& below, const SpinalLayer& l) {
  const SpineShape out = below.output();
  return out.height == l.input.height && out.width == l.input.width &&
         out.channels == l.input.channels;
}

std::uint32_t check_layer(const sf_layer& r, const SpinalUnit& unit, const SpinalLayer& l) {
  if (r.input_bits != 1) return SF_ERR_MULTI_BIT;
  if (r.cin > INT32_MAX || r.cout > INT32_MAX || r.threshold < 1 || r.reserved != 0) {
    return SF_ERR_LAYER;
  }
  if (!refusal(l, unit).empty()) return SF_ERR_LAYER;
  // Entries of a list tensor are counted in 32 bits.
  for (const SpineShape& shape : {l.input, l.output()}) {
    if (shape.most() * shape.positions() > UINT32_MAX / kMostSamples) return SF_ERR_LAYER;
  }
  for (const std::uint64_t address : {r.weights, r.output, r.partial, r.sums}) {
    if (address % H2_TENSOR_ALIGN != 0) return H2_ERR_ALIGNMENT;
  }
  return H2_OK;
}

}  // namespace

SpinalLayer spinal_layer(const sf_layer& r, int ticks) {
  SpinalLayer l;
  l.input = {r.in_height, r.in_width, static_cast<int>(r.cin), ticks};
  l.cout = static_cast<int>(r.cout);
  l.kernel_h = r.kernel_height;
  l.kernel_w = r.kernel_width;
  l.stride = r.stride;
  l.pad = r.pad;
  l.pool = r.pool;
  return l;
}

std::uint32_t parse_spinal_header(const sf_table& h) {
  if (h.magic != SF_TABLE_MAGIC) return H2_ERR_TABLE;
  if (h.version != SF_TABLE_VERSION) return H2_ERR_VERSION;
  const bool legal = h.layers >= 1 && h.layers <= H2_MAX_LAYERS &&
                     h.layer_size == sizeof(sf_layer) && h.ticks >= 1 && h.ticks <= kMostTicks &&
                     h.samples >= 1 && h.samples <= kMostSamples && h.fire <= SF_FIRE_EVENT &&
                     h.reset <= SF_RESET_NONE && h.one_spike <= 1 && h.leak <= 256 &&
                     h.reserved == 0;
  return legal ? H2_OK : H2_ERR_TABLE;
}

std::uint32_t parse_spinal_table(const sf_table& header, const std::vector<sf_layer>& records,
                                 const SpinalUnit& unit, SpinalTable& table, std::uint32_t& layer) {
  sf_table plain = header;
  plain.checksum = 0;
  const std::uint32_t sum = h2_checksum(h2_checksum(0, &plain, sizeof plain), records.data(),
                                        records.size() * sizeof(sf_layer));
  if (sum != header.checksum) return H2_ERR_CHECKSUM;
  table.samples = static_cast<int>(header.samples);
  table.neuron.fire = static_cast<SpinalFire>(header.fire);
  table.neuron.reset = static_cast<SpinalReset>(header.reset);
  table.neuron.one_spike = header.one_spike != 0;
  table.neuron.leak = static_cast<int>(header.leak);
  table.records = records;
  for (const sf_layer& record : records) {
    ++layer;
    const SpinalLayer l = spinal_layer(record, static_cast<int>(header.ticks));
    const std::uint32_t error = check_layer(record, unit, l);
    if (error != H2_OK) return error;
    if (!table.layers.empty() && !follows(table.layers.back(), l)) return SF_ERR_LAYER;
    table.layers.push_back(l);
  }
  layer = 0;
  return H2_OK;
}

SpinalNeuron SpinalTable::neuron_of(int layer) const {
  SpinalNeuron own = neuron;
  own.threshold = records[layer].threshold;
  return own;
}

std::uint64_t SpinalTable::input_bytes() const {
  const SpineShape& in = layers.front().input;
  return sf_tensor_bytes(samples, in.positions(), in.channels, in.ticks);
}

std::vector<SpinalExtent> SpinalTable::extents(const SpinalUnit& unit) const {
  std::vector<SpinalExtent> all;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const SpinalLayer& l = layers[i];
    const sf_layer& r = records[i];
    const int index = static_cast<int>(i), tiles = l.tiles(unit);
    const SpineShape out = l.output();
    const auto n = static_cast<std::uint64_t>(samples),
               places = static_cast<std::uint64_t>(out.positions());
    all.push_back(
        {r.weights, static_cast<std::uint64_t>(l.rows()) * tiles * unit.lanes, index, false});
    all.push_back({r.output, sf_tensor_bytes(n, places, out.channels, out.ticks), index, true});
    if (tiles > 1) {
      all.push_back(
          {r.partial, sf_tensor_bytes(n, places, SF_LANES, out.ticks) * (tiles - 1), index, true});
    }
    if (l.parts(unit).size() > 1) {
      all.push_back({r.sums, sf_sums_bytes(n, places, out.ticks), index, true});
    }
  }
  return all;
}

}  // namespace h2
