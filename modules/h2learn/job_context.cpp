// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/job_context.h"

#include "modules/base/ceil_div.h"

namespace h2 {

h2_map JobContext::map(int channels, int height, int width, int map_steps,
                       std::uint32_t border) const {
  h2_map m{};
  m.channels = channels;
  m.height = height;
  m.width = width;
  m.steps = map_steps;
  m.samples = batch;
  m.tile_height = machine->tile.height;
  m.tile_width = machine->tile.width;
  m.border = border;
  return m;
}

TensorImage JobContext::soma_image(int index, std::uint64_t offset, std::uint32_t border) const {
  const Layer& l = layer(index);
  return {base + offset, map(l.cout, l.soma_h, l.soma_w, steps, border)};
}

TensorImage JobContext::spikes_image(int index) const {
  const bool pooled = layer(index).pool == PoolMode::after_soma;
  return soma_image(index, place(index).spikes, pooled ? 0 : next_border(index));
}

TensorImage JobContext::gradient_image(int index) const {
  return soma_image(index, place(index).gradient, gradient_border(layer(index)));
}

std::uint64_t JobContext::behind_gradient(int index, std::uint64_t (*offset)(std::uint64_t)) const {
  const Layer& l = layer(index);
  h2_map whole = map(l.cout, l.soma_h, l.soma_w, steps, 0);
  whole.samples = static_cast<std::uint32_t>(table_batch);
  const auto bytes = static_cast<std::uint32_t>(value_bytes);
  return base + place(index).gradient + offset(h2_map_values_bytes(&whole, bytes));
}

TensorImage JobContext::currents_image(int index, int map_steps) const {
  const Layer& l = layer(index);
  return {behind_gradient(index, h2_norm_currents),
          map(l.cout, l.soma_h, l.soma_w, map_steps, gradient_border(l))};
}

TensorImage JobContext::array_gradient_image(int index) const {
  return layer(index).normalised() ? currents_image(index, steps) : gradient_image(index);
}

std::uint64_t JobContext::moments(int index) const {
  return behind_gradient(index, h2_norm_moments);
}

std::uint64_t JobContext::norm_gradients(int index) const {
  const auto cout = static_cast<std::uint32_t>(layer(index).cout);
  return moments(index) + h2_norm_gradients(0, cout);
}

TensorImage JobContext::gradient_mask_image(int index) const {
  return soma_image(index, place(index).gradient_mask, gradient_border(layer(index)));
}

TensorImage JobContext::next_image(int index) const {
  const Layer& l = layer(index);
  if (l.pool != PoolMode::after_soma) return spikes_image(index);
  return {base + place(index).pooled,
          map(l.cout * l.next_planes, l.next_h, l.next_w, steps, next_border(index))};
}

TensorImage JobContext::input_image(int index) const {
  if (index > 0) return next_image(index - 1);
  const Layer& l = layer(0);
  return {input, map(l.inputs_star(), l.in_h, l.in_w, l.encoding ? 1 : steps, input_border(l))};
}

WeightImage JobContext::weight_image(int index, std::uint64_t address) const {
  const Layer& l = layer(index);
  return {address, l.cout, l.cin, l.taps(), value_bytes};
}

KeptVectors JobContext::vectors_in_slot(int index, int sub_batch, std::size_t slot) const {
  JobContext whole = *this;
  whole.batch = sub_batch;
  const h2_map in = whole.input_image(index).map(), out = whole.gradient_image(index).map();
  const std::uint64_t slot_bytes = h2_slot_bytes(&in, &out, value_bytes);
  const std::uint64_t weights = layer(index).parameter_count() * value_bytes;
  KeptVectors v;
  v.input = base2 + place(index).weight_gradient +
            h2_grouped_bytes(weights, slot_bytes, static_cast<std::uint32_t>(slot));
  v.gradient = v.input + ceil_div(h2_map_bits_bytes(&in), H2_TENSOR_ALIGN) * H2_TENSOR_ALIGN;
  return v;
}

}  // namespace h2
