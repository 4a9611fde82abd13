// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_inputs.h"

#include <algorithm>
#include <cstring>

#include "platform/driver/h2_shapes.h"

namespace h2 {
namespace {

std::uint64_t wrong_address(std::uint64_t right, const h2_device& device, Random& random) {
  const std::uint64_t offsets[] = {1, 8, 32, 64, 4096, 8192, 1ULL << 30, 1ULL << 33, 1ULL << 36};
  switch (below(random, 6)) {
    case 0:
      return 0;
    case 1:
      return ~std::uint64_t{0} - below(random, 128);
    case 2:
      return right + offsets[below(random, 9)];
    case 3:
      return right - offsets[below(random, 9)];
    case 4:
      return H2_MEM_BASE(below(random, 3)) + device.used[2] / 64 * 64;
    default:
      return H2_MEM_BASE(below(random, 3)) + below(random, 1U << 20) / 64 * 64;
  }
}

template <class T>
void flip(T& record, Random& random) {
  auto* bytes = reinterpret_cast<std::uint8_t*>(&record);
  bytes[below(random, sizeof record)] ^= static_cast<std::uint8_t>(1U << below(random, 8));
}

/// A number near its value or at an end of its range.
std::uint32_t number(std::uint32_t value, Random& random) {
  const std::uint32_t candidates[] = {0,
                                      1,
                                      value + 1,
                                      value - 1,
                                      value << below(random, 10),
                                      value << below(random, 10),
                                      0xFFFF,
                                      ~0U,
                                      below(random, ~0U)};
  return candidates[below(random, 9)];
}

struct Range {
  std::uint64_t begin, end;
};

bool apart(const Range& a, const Range& b) { return a.end <= b.begin || b.end <= a.begin; }

/// Border that the layer needs of the map it reads.
std::uint32_t read_border(const Layer& l) { return h2_input_border(h2_reach(l.kernel, l.valid)); }

/// What the driver placed in the sub-batch's memory, without input and loss gradient.
std::vector<Range> placed(const h2_device& d, const Network& network) {
  std::vector<Range> all;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& l = network.layers[i];
    const h2_layer& r = d.layers[i];
    h2_map soma = h2_output_map(&d, d.table.sub_batch);
    soma.channels = static_cast<std::uint32_t>(l.cout);
    soma.height = static_cast<std::uint32_t>(l.soma_h);
    soma.width = static_cast<std::uint32_t>(l.soma_w);
    h2_map next = soma;
    next.channels *= static_cast<std::uint32_t>(l.next_planes);
    next.height = static_cast<std::uint32_t>(l.next_h);
    next.width = static_cast<std::uint32_t>(l.next_w);
    const bool after_soma = l.pool == PoolMode::after_soma;
    const bool last = i + 1 == network.layers.size();
    const std::uint32_t read = last ? 0 : read_border(network.layers[i + 1]);
    const std::uint32_t fed =
        h2_gradient_border(h2_reach(l.kernel, l.valid), l.stride, l.pool == PoolMode::before_soma);
    next.border = read;
    const auto bits = [&](std::uint32_t border) {
      h2_map map = soma;
      map.border = border;
      return h2_map_bits_bytes(&map);
    };
    const std::uint64_t values = h2_map_values_bytes(&soma, d.value_bytes);
    const std::pair<std::uint64_t, std::uint64_t> tensors[] = {
        {r.weights, l.weight_count() * d.value_bytes},
        {r.spikes, bits(after_soma ? 0 : read)},
        {r.mask, bits(0)},
        {r.potential, values},
        {r.gradient, values},
        {r.gradient_mask, l.kind == LayerKind::conv ? bits(fed) : 0},
        {r.pooled, after_soma ? h2_map_bits_bytes(&next) : 0}};
    for (const auto& [begin, bytes] : tensors) {
      if (bytes != 0) all.push_back({begin, begin + bytes});
    }
  }
  return all;
}

bool address_legal(std::uint64_t address, std::uint64_t bytes, const h2_descriptor& x,
                   const h2_device& d, const Network& network) {
  const std::uint64_t base = H2_MEM_BASE(x.memory);
  const std::uint64_t window = (d.used[x.memory] + 4095) / 4096 * 4096;
  if (address < base || address - base > window) return false;
  const Range range{address - base, address - base + bytes};
  const auto all = placed(d, network);
  return range.end <= window &&
         std::all_of(all.begin(), all.end(), [&](const Range& r) { return apart(range, r); });
}

}  // namespace

h2_descriptor valid_descriptor(const h2_device& device, Random& random, std::uint8_t opcode,
                               std::uint32_t backward) {
  h2_descriptor d{};
  d.version = H2_DESCRIPTOR_VERSION;
  d.opcode = opcode;
  d.size = sizeof d;
  d.samples = static_cast<std::uint16_t>(device.table.sub_batch);
  d.table = device.table_address;
  d.input = device.input[0];
  d.output_gradient = device.gradient[0];
  if (opcode == H2_OP_FORWARD && below(random, 4) == 0) d.flags = H2_DESC_INFERENCE;
  if (opcode == H2_OP_WEIGHT_GRADIENT) {
    d.depends = backward;
    d.flags = static_cast<std::uint16_t>(H2_DESC_FIRST | below(random, 2) * H2_DESC_LAST);
  }
  if (opcode == H2_OP_UPDATE) d.step = 1 + below(random, 9);
  return d;
}

void mutate(h2_descriptor& d, const h2_device& device, Random& random) {
  for (std::uint32_t n = 1 + below(random, 3); n > 0; --n) {
    switch (below(random, 12)) {
      case 0:
        d.version = static_cast<std::uint8_t>(number(d.version, random));
        break;
      case 1:
        d.opcode = static_cast<std::uint8_t>(number(d.opcode, random));
        break;
      case 2:
        d.flags = static_cast<std::uint16_t>(below(random, 16));
        break;
      case 3:
        d.size = number(d.size, random);
        break;
      case 4:
        d.depends = number(d.depends, random);
        break;
      case 5:
        d.memory = static_cast<std::uint16_t>(below(random, 4));
        break;
      case 6:
        d.samples = static_cast<std::uint16_t>(number(d.samples, random));
        break;
      case 7:
        d.step = number(d.step, random);
        break;
      case 8:
        d.table = wrong_address(d.table, device, random);
        break;
      case 9:
        d.input = wrong_address(d.input, device, random);
        break;
      case 10:
        d.output_gradient = wrong_address(d.output_gradient, device, random);
        break;
      default: {
        const std::uint32_t tag = d.tag;
        flip(d, random);
        d.tag = tag;
      }
    }
  }
}

std::vector<std::uint8_t> table_bytes(const h2_table& table, const h2_layer* layers,
                                      std::uint32_t records) {
  std::vector<std::uint8_t> bytes(sizeof table + records * sizeof(h2_layer));
  std::memcpy(bytes.data(), &table, sizeof table);
  std::memcpy(bytes.data() + sizeof table, layers, records * sizeof(h2_layer));
  return bytes;
}

std::vector<std::uint8_t> mutated_table(const h2_device& device, Random& random, bool checksum) {
  h2_table table = device.table;
  const std::uint32_t records = table.layers;
  std::vector<h2_layer> layers(device.layers, device.layers + records);
  for (std::uint32_t n = 1 + below(random, 3); n > 0; --n) {
    h2_layer& l = layers[below(random, records)];
    std::uint64_t* const places[] = {&l.weights,  &l.spikes,          &l.potential, &l.mask,
                                     &l.gradient, &l.weight_gradient, &l.master};
    std::uint32_t* const numbers[] = {&table.timesteps, &table.sub_batch, &l.cin, &l.cout};
    switch (below(random, 5)) {
      case 0:
        *places[below(random, 7)] = wrong_address(l.spikes, device, random) & 0xFFFFFFFFFULL;
        break;
      case 1: {
        std::uint32_t& value = *numbers[below(random, 4)];
        value = number(value, random);
        break;
      }
      case 2:
        l.in_height = l.in_width = static_cast<std::uint16_t>(number(l.in_height, random));
        break;
      case 3:
        flip(l, random);
        break;
      default: {
        flip(table, random);
        if (below(random, 2) == 0) table.layers = records;
      }
    }
  }
  if (checksum) {
    table.checksum = 0;
    table.checksum = h2_checksum(h2_checksum(0, &table, sizeof table), layers.data(),
                                 layers.size() * sizeof(h2_layer));
  }
  return table_bytes(table, layers.data(), records);
}

namespace {

/// Two numbers in their ranges where the flag says that there are some, else nothing.
bool rates_legal(const h2_descriptor& x) {
  if ((x.flags & H2_DESC_RATES) == 0) {
    const h2_descriptor none{};
    return std::memcmp(&x.learning_rate, &none.learning_rate, 8) == 0;
  }
  return x.learning_rate >= 0 && x.learning_rate <= 1000 && x.weight_decay >= 0 &&
         x.weight_decay <= 1;
}

}  // namespace

bool may_execute(const h2_descriptor& x, const h2_device& d, const Network& network,
                 const std::vector<std::uint32_t>& backward_tags) {
  if (x.version != 1 || x.size != 64 || x.opcode < 1 || x.opcode > 4) return false;
  if (x.reserved0 != 0 || x.memory > 1 || x.tag == 0) return false;
  if (!rates_legal(x)) return false;
  if (x.input % 64 != 0 || x.output_gradient % 64 != 0 || x.table != d.table_address) return false;
  const bool samples = x.samples >= 1 && x.samples <= d.table.sub_batch;
  const h2_map in = h2_input_map(&d, x.samples), out = h2_output_map(&d, x.samples);
  const bool input = x.opcode != H2_OP_UPDATE && samples &&
                     address_legal(x.input, h2_map_bits_bytes(&in), x, d, network);
  switch (x.opcode) {
    case H2_OP_FORWARD:
      return input && (x.flags & ~H2_DESC_INFERENCE) == 0;
    case H2_OP_BACKWARD:
      return samples && (x.flags & ~3U) == 0 &&
             address_legal(x.output_gradient, h2_map_values_bytes(&out, d.value_bytes), x, d,
                           network);
    case H2_OP_WEIGHT_GRADIENT:
      return input && (x.flags & ~3U) == 0 &&
             std::find(backward_tags.begin(), backward_tags.end(), x.depends) !=
                 backward_tags.end();
    default:
      return (x.flags & ~H2_DESC_RATES) == 0 && x.step != 0;
  }
}

}  // namespace h2
