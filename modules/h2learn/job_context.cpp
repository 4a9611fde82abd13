#include "modules/h2learn/job_context.h"

namespace h2 {

h2_map JobContext::map(int channels, int height, int width, int map_steps) const {
  h2_map m{};
  m.channels = channels;
  m.height = height;
  m.width = width;
  m.steps = map_steps;
  m.samples = batch;
  m.tile_height = machine->tile.height;
  m.tile_width = machine->tile.width;
  return m;
}

TensorImage JobContext::soma_image(int index, std::uint64_t offset) const {
  const Layer& l = layer(index);
  return {base + offset, map(l.cout, l.soma_h, l.soma_w, steps)};
}

TensorImage JobContext::next_image(int index) const {
  const Layer& l = layer(index);
  if (l.pool != PoolMode::after_soma) return soma_image(index, place(index).spikes);
  return {base + place(index).pooled, map(l.cout * l.next_planes, l.next_h, l.next_w, steps)};
}

TensorImage JobContext::input_image(int index) const {
  if (index > 0) return next_image(index - 1);
  const Layer& l = layer(0);
  return {input, map(l.cin_star(), l.in_h, l.in_w, l.encoding ? 1 : steps)};
}

WeightImage JobContext::weight_image(int index, std::uint64_t address) const {
  const Layer& l = layer(index);
  return {address, l.cout, l.cin, l.taps(), value_bytes};
}

}  // namespace h2
