// SPDX-License-Identifier: Apache-2.0
#include "modules/sata/schedule.h"

#include <algorithm>
#include <utility>

#include "modules/base/error.h"
#include "modules/sata/cycles.h"
#include "modules/sata/event_counts.h"

namespace h2 {
namespace {

H2LearnSchedule::Settings one_memory(H2LearnSchedule::Settings settings) {
  settings.memories = 1;
  settings.dense = true;
  settings.compress_gradients = false;
  return settings;
}

/// One timestep, the slope of ReLU, and AP2 before it: activations are no quarters.
bool is_relu_network(const NetworkTable& table) {
  const auto& layers = table.network.layers;
  return table.network.timesteps == 1 &&
         std::all_of(layers.begin(), layers.end(), [](const Layer& l) {
           return l.neuron.beta == 1.0F && l.pool != PoolMode::after_soma;
         });
}

}  // namespace

SataSchedule::SataSchedule(const Machine& machine, const SataSpec& array, Settings settings)
    : H2LearnSchedule(machine, one_memory(std::move(settings))),
      array_(array),
      gates_(array.gates) {}

const std::vector<std::string>& SataSchedule::queues() const {
  static const std::vector<std::string> keys{"array"};
  return keys;
}

std::shared_ptr<CardCommand> SataSchedule::decode(const h2_descriptor& descriptor,
                                                  CardAccess& card) {
  std::shared_ptr<CardCommand> command = H2LearnSchedule::decode(descriptor, card);
  command->queue = 0;
  return command;
}

std::uint32_t SataSchedule::plan(H2LearnCommand& command) const {
  for (const Layer& l : command.table.network.layers) {
    if (l.neuron.alpha != kSataAlpha || l.grouped || l.max_pool || l.bias || l.readout) {
      return H2_ERR_TABLE;
    }
    if (l.adds >= 0 || l.neuron.reset != Reset::hard ||
        l.neuron.surrogate != Surrogate::rectangle) {
      return H2_ERR_TABLE;
    }
  }
  if (array_.ann && !is_relu_network(command.table)) return H2_ERR_TABLE;
  command.context.relu = array_.ann;
  const SataSizes sizes{array_.buffers, machine().tile, command.table.sub_batch,
                        command.table.network.timesteps, array_.ann};
  try {
    require_buffers_fit(sizes, command.table.network);
  } catch (const InputError&) {
    return H2_ERR_CAPACITY;
  }
  return H2_OK;
}

UpdateCosts SataSchedule::update_costs() const {
  const SataSpec& array = array_;
  return {array.buffers.total(), [&array](std::uint64_t weights, int states, bool decays) {
            return ChunkWork{sata_unit_cycles(array, weights), 0,
                             sata_update_events(weights, states, decays)};
          }};
}

void SataSchedule::reset() {
  gates_ = array_.gates;
  H2LearnSchedule::reset();
}

std::optional<Step> SataSchedule::step(CardCommand& command, int index) {
  const auto& c = static_cast<const H2LearnCommand&>(command);
  const int layers = static_cast<int>(c.table.layers.size());
  if (index >= layers) return std::nullopt;
  SataContext context{c.context, array_};
  context.array.gates = gates_;
  const int up = index, down = layers - 1 - index;
  const h2_descriptor& d = c.descriptor;
  switch (d.opcode) {
    case H2_OP_FORWARD:
      return Step{0, make_sata_forward_job(context, up), {}, nullptr};
    case H2_OP_BACKWARD:
      if (index > 0) return Step{0, make_sata_backward_job(context, down), {}, nullptr};
      return Step{0, make_sata_gradient_job(context, d.output_gradient),
                  After{c.depends, layers - 1}, nullptr};
    case H2_OP_WEIGHT_GRADIENT:
      return Step{0, make_sata_weight_gradient_job(context, down, (d.flags & H2_DESC_FIRST) != 0),
                  After{c.depends, index}, nullptr};
    default:
      return Step{
          0,
          make_update_job(c.context, up, c.table.update, d.step, weight_copies(), update_costs()),
          {},
          nullptr};
  }
}

}  // namespace h2
