// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/schedule.h"

#include <utility>

namespace h2 {
namespace {

enum QueueIndex { kForwardQueue, kBackwardQueue, kWeightQueue };

struct Opcode {
  const char* kind;
  int queue;
};

Opcode opcode_of(std::uint8_t opcode) {
  static const Opcode opcodes[] = {{"", kForwardQueue},
                                   {"forward", kForwardQueue},
                                   {"backward", kBackwardQueue},
                                   {"weight_gradient", kWeightQueue},
                                   {"update", kWeightQueue}};
  return opcodes[opcode <= H2_OP_UPDATE ? opcode : 0];
}

/// A step of a pass that goes through the layers: one each, and a second one of a layer with batch
/// norm.
struct LayerStep {
  int done = 0;  ///< layers that are behind it
  bool second = false;
};

LayerStep layer_step(const H2LearnCommand& command, int index) {
  const auto layers = static_cast<int>(command.table.layers.size());
  const bool up = command.descriptor.opcode == H2_OP_FORWARD;
  LayerStep step;
  for (; step.done < layers; ++step.done) {
    const int layer = up ? step.done : layers - 1 - step.done;
    const int steps =
        command.context.layer(layer).normalised() && !command.context.inference ? 2 : 1;
    if (index < steps) break;
    index -= steps;
  }
  step.second = index == 1 && step.done < layers;
  return step;
}

/// The last step of a backward pass for layer `layer`.
int last_step(const H2LearnCommand& backward, int layer) {
  int steps = -1;
  for (int l = static_cast<int>(backward.table.layers.size()) - 1; l >= layer; --l) {
    steps += backward.context.layer(l).normalised() ? 2 : 1;
  }
  return steps;
}

}  // namespace

H2LearnSchedule::H2LearnSchedule(const Machine& machine, Settings settings)
    : machine_(machine), settings_(std::move(settings)), sub_batches_(settings_.first_sub_batch) {}

const std::vector<std::string>& H2LearnSchedule::queues() const {
  static const std::vector<std::string> keys{"forward", "backward", "weight_update"};
  return keys;
}

std::shared_ptr<CardCommand> H2LearnSchedule::decode(const h2_descriptor& descriptor,
                                                     CardAccess& card) {
  const auto command = std::make_shared<H2LearnCommand>();
  command->descriptor = descriptor;
  command->kind = opcode_of(descriptor.opcode).kind;
  command->queue = opcode_of(descriptor.opcode).queue;
  command->indivisible = descriptor.opcode == H2_OP_UPDATE;
  command->error = check(*command, card);
  if (command->error != H2_OK) return command;
  hold_sub_batch(*command);
  order_.accept(command);
  return command;
}

/// Numbers the sub-batches as forward descriptors bring them.
void H2LearnSchedule::hold_sub_batch(H2LearnCommand& command) {
  Held& held = held_[command.descriptor.memory];
  if (command.descriptor.opcode == H2_OP_FORWARD) {
    held.number = sub_batches_++;
    if (settings_.masks) held.masks = settings_.masks(held.number);
  }
  command.sub_batch = held.number;
  command.masks = held.masks;
  command.context.masks = held.masks.get();
}

void H2LearnSchedule::begin(CardCommand& command) {
  if (command.error == H2_OK) command.error = order_.begin(static_cast<H2LearnCommand&>(command));
}

/// From the last layer down, as the gradients become complete.
Step H2LearnSchedule::update_step(const H2LearnCommand& update, int index) const {
  const int layer = static_cast<int>(update.table.layers.size()) - 1 - index;
  return {kWeightUpdateEngine,
          make_update_job(update.context, layer, update.table.update, update.descriptor.step,
                          weight_copies()),
          {},
          nullptr};
}

/// The update whose next layer may be changed after `index` weight gradients of the group's last
/// pass: that of a layer follows the backward pass through the layer above.
std::shared_ptr<H2LearnCommand> H2LearnSchedule::early_update(H2LearnCommand& gradient, int index) {
  const int layers = static_cast<int>(gradient.table.layers.size());
  std::shared_ptr<H2LearnCommand> update = order_.update_of(gradient);
  const int ready = index < layers ? index - 1 : layers;
  if (update == nullptr || update->steps_done >= ready) return nullptr;
  // From here on all of them end before a soft reset does.
  update->writes_weights = gradient.indivisible = gradient.depends->indivisible = true;
  return update;
}

std::optional<Step> H2LearnSchedule::step(CardCommand& command, int index) {
  auto& c = static_cast<H2LearnCommand&>(command);
  const h2_descriptor& d = c.descriptor;
  if (d.opcode == H2_OP_UPDATE) {
    if (index >= static_cast<int>(c.table.layers.size())) return std::nullopt;
    return update_step(c, index);
  }
  const LayerStep at = layer_step(c, index);
  if (d.opcode == H2_OP_WEIGHT_GRADIENT && !at.second) {
    if (const auto update = early_update(c, at.done)) {
      Step step = update_step(*update, update->steps_done);
      step.owner = update;
      return step;
    }
  }
  const int layers = static_cast<int>(c.table.layers.size());
  if (at.done >= layers) return std::nullopt;
  const int up = at.done, down = layers - 1 - at.done;
  switch (d.opcode) {
    case H2_OP_FORWARD:
      if (at.second) return Step{kForwardEngine, make_soma_job(c.context, up), {}, nullptr};
      return Step{kForwardEngine, make_forward_job(c.context, up), {}, nullptr};
    case H2_OP_BACKWARD:
      if (at.second) {
        return Step{kBackwardEngine, make_norm_gradient_job(c.context, down), {}, nullptr};
      }
      if (index > 0) return Step{kBackwardEngine, make_backward_job(c.context, down), {}, nullptr};
      return Step{kBackwardEngine, make_grad_job(c.context, d.output_gradient),
                  After{c.depends, last_step(*c.depends, 0)}, nullptr};
    default:
      return gradient_step(c, down, at.second);
  }
}

Step H2LearnSchedule::gradient_step(const H2LearnCommand& c, int layer, bool second) const {
  if (second) {
    const bool first = (c.descriptor.flags & H2_DESC_FIRST) != 0;
    return {kWeightUpdateEngine, make_norm_update_job(c.context, layer, first), {}, nullptr};
  }
  return {kWeightUpdateEngine, weight_gradient(c, layer),
          After{c.depends, last_step(*c.depends, layer)}, nullptr};
}

/// grad-w of a grouped layer waits for the last sub-batch of its group.
std::unique_ptr<Job> H2LearnSchedule::weight_gradient(const H2LearnCommand& c, int layer) const {
  const unsigned flags = c.descriptor.flags;
  const bool first = (flags & H2_DESC_FIRST) != 0, last = (flags & H2_DESC_LAST) != 0;
  if (!c.context.layer(layer).grouped) return make_weight_gradient_job(c.context, layer, first);
  const auto place = [&](std::size_t slot) {
    return c.context.vectors_in_slot(layer, c.table.sub_batch, slot);
  };
  if (!last) return make_keep_vectors_job(c.context, layer, place(c.kept.size()));
  std::vector<KeptVectors> kept;
  for (std::size_t slot = 0; slot < c.kept.size(); ++slot) {
    kept.push_back(place(slot));
    kept.back().samples = c.kept[slot]->context.batch;
    kept.back().masks = c.kept[slot]->context.masks;
  }
  return make_group_gradient_job(c.context, layer, kept);
}

std::vector<std::uint64_t> H2LearnSchedule::weight_copies() const {
  if (settings_.memories == 1) return {base_of(0)};
  return {base_of(0), base_of(1)};
}

void H2LearnSchedule::end(const CardCommand& command) {
  order_.end(static_cast<const H2LearnCommand&>(command));
}

void H2LearnSchedule::reset() { order_.reset(); }

std::uint32_t H2LearnSchedule::status() const {
  return (order_.weights_lost() ? H2_STATUS_WEIGHTS_LOST : 0) |
         (order_.partly_updated() ? H2_STATUS_PARTLY_UPDATED : 0);
}

}  // namespace h2
