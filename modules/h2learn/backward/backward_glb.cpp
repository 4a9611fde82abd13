// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "modules/base/ceil_div.h"
#include "modules/h2learn/glb_sizes.h"
#include "modules/h2learn/jobs/loop_nest.h"

namespace h2 {
namespace {

/// What Grad reads more of a layer whose spikes are pooled by their largest or added elsewhere;
/// `neurons`: those that it takes at once.
void add_other_operands(const Layer& layer, std::uint64_t neurons, int halves, GlbItems& items) {
  constexpr std::uint64_t kNeighbours = 8;  // tiles that windows may reach into
  if (layer.max_pool) {
    items.push_back({"spikes of windows", kNeighbours * bit_bytes(neurons), halves});
  }
  const std::size_t adding = layer.added_by.size() + layer.potentials_added_by.size();
  if (adding > 0) {
    const std::uint64_t bytes = value_bytes(neurons) + bit_bytes(neurons);
    items.push_back({"grad-u of shortcuts", adding * bytes, halves});
  }
}

/// `above` owns the weights. A tile lies on the map that `above` reads; under AP2 the four tiles of
/// its children pass through the maps and bitmaps one after the other. The bitmap of grad-u takes
/// the place of grad-s, which is consumed.
GlbItems backward_items(const GlbSizes& sizes, const Layer& below, const Layer& above) {
  const BackwardSpec& array = sizes.machine.backward;
  const int inputs = covering(array.rows, kChannelGranularity, above.cout);
  const int outputs = std::min(above.inputs(), array.cols);
  const int read = covering(outputs, kChannelGranularity, above.inputs());
  const Region tile = sizes.largest_tile(above.in_h, above.in_w);
  const Region soma = sizes.largest_tile(below.soma_h, below.soma_w);
  const int grad_h = (tile.height() + above.kernel - 2) / above.stride + 1;
  const int grad_w = (tile.width() + above.kernel - 2) / above.stride + 1;
  const int own_h = (tile.height() + above.stride - 1) / above.stride;
  const int own_w = (tile.width() + above.stride - 1) / above.stride;
  const std::uint64_t sums = product({outputs, tile.area(), sizes.maps()});
  const std::uint64_t neurons = product({read, std::max(tile.area(), soma.area()), sizes.maps()});
  GlbItems items{
      {"grad-u above", value_bytes(product({inputs, grad_h, grad_w, sizes.maps()})), kPingPong},
      {"grad-u above mask", bit_bytes(product({inputs, own_h, own_w, sizes.maps()})), kPingPong},
      {"u", value_bytes(neurons), kPingPong},
      {"grad-s and grad-u", 2 * value_bytes(neurons), kPingPong, true},
      {"partial sums", partial_sum_copies(sizes.machine) * value_bytes(sums), kPingPong, true},
      {"spikes and mask", 2 * bit_bytes(neurons), kPingPong},
      {"weights",
       value_bytes(
           product({inputs, covering(outputs, kWeightBlockInputs, above.cin), above.taps()})),
       1}};
  add_other_operands(below, neurons, kPingPong, items);
  return items;
}

/// Channels, in whole blocks, whose sums at all positions are complete after a step of inputs, at
/// most: Grad takes them together.
int graded_channels(int step, int positions, int inputs, int channels) {
  int most = 0;
  for (int begin = 0; begin < inputs; begin += step) {
    const Span done{begin / positions, std::min(begin + step, inputs) / positions};
    most = std::max(most, completed(done, kChannelGranularity, channels).size());
  }
  return most * kChannelGranularity;
}

/// Through a fully connected layer. The PEs of a group work on different vectors: one partial sum
/// per input.
GlbItems backward_fc_items(const GlbSizes& sizes, const Layer& below, const Layer& above,
                           FcOrder order) {
  const Machine& machine = sizes.machine;
  const Region soma = sizes.largest_tile(below.soma_h, below.soma_w);
  const bool stream = order == FcOrder::stream;
  const int step = stream ? backward_fc_step(machine) : machine.backward.cols;
  const int chunk_outputs = machine.backward.rows * (stream ? 1 : 9);
  // Behind a map the sums of whole channels come together.
  const int positions = below.kind == LayerKind::conv ? below.next_h * below.next_w : 1;
  const int inputs =
      std::min(above.inputs(), stream ? above.inputs() : std::max(step, 16 * positions));
  const int channels =
      std::min(below.cout, graded_channels(step, positions, above.inputs(), below.cout));
  const std::uint64_t neurons = product({channels, soma.area(), sizes.maps()});
  const int vector = order == FcOrder::text ? std::min(above.cout, chunk_outputs) : above.cout;
  GlbItems items{
      {"grad-u above", value_bytes(product({vector, sizes.maps()})),
       order == FcOrder::text ? kPingPong : 1},
      {"u", value_bytes(neurons), kPingPong},
      {"grad-s and grad-u", 2 * value_bytes(neurons), kPingPong, true},
      {"partial sums", value_bytes(product({inputs, sizes.maps()})), stream ? 1 : kPingPong, true},
      {"spikes and mask", 2 * bit_bytes(neurons), kPingPong},
      {"weights",
       value_bytes(product({std::min(above.inputs(), step), std::min(above.cout, chunk_outputs)})),
       kPingPong}};
  add_other_operands(below, neurons, kPingPong, items);
  return items;
}

/// The last layer's job: Grad alone. A tile of the map that the layer hands on completes up to four
/// Soma tiles.
GlbItems grad_items(const GlbSizes& sizes, const Layer& layer) {
  const Region soma = sizes.largest_tile(layer.soma_h, layer.soma_w);
  const int tiles = layer.pool == PoolMode::after_soma ? 4 : 1;
  const int channels = std::min(layer.cout, ceil_div(sizes.machine.backward.cols, 16) * 16);
  const std::uint64_t neurons = product({channels, soma.area(), sizes.maps(), tiles});
  GlbItems items{{"loss gradient and u", 2 * value_bytes(neurons), 1},
                 {"spikes and mask", 2 * bit_bytes(neurons), 1},
                 {"grad-s and grad-u", 2 * value_bytes(neurons), 1, true}};
  add_other_operands(layer, neurons, 1, items);
  return items;
}

/// What stays takes what the chunks under way leave free.
BackwardNest plan_nest(const GlbSizes& sizes, const Layer& above, GlbItems& items) {
  const std::uint64_t taken = total_of(items), capacity = sizes.machine.glb.backward;
  if (sizes.machine.backward_order == BackwardOrder::text || taken > capacity) return {};
  const BackwardCosts costs(sizes.machine, above, sizes.batch, sizes.steps);
  const BackwardNest nest = costs.least(capacity - taken);
  if (nest.gradient_channels > 0) {
    items.push_back({"grad-u that stays", costs.held_gradient(nest), 1});
  }
  if (nest.weight_channels > 0) {
    items.push_back({"weights that stay", costs.held_weights(nest), 1});
  }
  return nest;
}

}  // namespace

void plan_backward(const GlbSizes& sizes, const Layer& below, const Layer& above, GlbPlan& plan) {
  const std::uint64_t capacity = sizes.machine.glb.backward;
  FcOrder order = FcOrder::text;
  BackwardNest nest;
  GlbItems items;
  if (above.kind == LayerKind::fc) {
    for (const FcOrder o : {FcOrder::stream, FcOrder::resident, FcOrder::text}) {
      order = o;
      items = backward_fc_items(sizes, below, above, o);
      if (total_of(items) <= capacity) break;
    }
  } else {
    items = backward_items(sizes, below, above);
    nest = plan_nest(sizes, above, items);
  }
  plan.backward_nest.push_back(nest);
  plan.backward_bytes.push_back(total_of(items));
  plan.fc_order.push_back(order);
  plan.backward_room.push_back(room_of(items, capacity));
  demand(plan.backward, sizes, "backward", above, std::move(items));
}

void plan_grad(const GlbSizes& sizes, const Network& network, GlbPlan& plan) {
  const Layer& last = network.layers.back();
  GlbItems grad = grad_items(sizes, last);
  plan.grad_room = room_of(grad, sizes.machine.glb.backward);
  plan.grad_bytes = total_of(grad);
  if (network.layers.size() > 1) demand(plan.backward, sizes, "backward", last, std::move(grad));
}

}  // namespace h2
