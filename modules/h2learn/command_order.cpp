// SPDX-License-Identifier: Apache-2.0
#include "modules/h2learn/command_order.h"

#include <algorithm>
#include <cstring>

#include "modules/h2learn/schedule.h"

namespace h2 {
namespace {

bool has(const CardCommand& command, std::uint32_t flag) {
  return (command.descriptor.flags & flag) != 0;
}

/// The same network, as far as the card can tell.
bool same_table(const H2LearnCommand& a, const H2LearnCommand& b) {
  return a.descriptor.table == b.descriptor.table && a.table.checksum == b.table.checksum;
}

bool same_sub_batch(const H2LearnCommand& a, const H2LearnCommand& b) {
  return same_table(a, b) && a.descriptor.memory == b.descriptor.memory &&
         a.descriptor.samples == b.descriptor.samples;
}

bool any_under_way(const std::vector<CommandOrder::CommandPtr>& commands) {
  return std::any_of(commands.begin(), commands.end(), [](const auto& c) { return !c->ended; });
}

void forget_ended(std::vector<CommandOrder::CommandPtr>& commands) {
  commands.erase(
      std::remove_if(commands.begin(), commands.end(), [](const auto& c) { return c->ended; }),
      commands.end());
}

bool failed(const CardCommand& command) {
  return command.ended && (command.error != H2_OK || command.aborted);
}

/// Layers are updated from the last one down; counted from 1.
std::uint32_t first_not_updated(const H2LearnCommand& update) {
  return static_cast<std::uint32_t>(update.table.layers.size()) -
         static_cast<std::uint32_t>(update.steps_done);
}

/// The same tensors at the same places; parameters may differ.
bool same_places(const H2LearnCommand& a, const H2LearnCommand& b) {
  const auto same = [](const PlacedLayer& x, const PlacedLayer& y) {
    return std::memcmp(&x.place, &y.place, sizeof x.place) == 0;
  };
  return std::equal(a.table.layers.begin(), a.table.layers.end(), b.table.layers.begin(),
                    b.table.layers.end(), same);
}

bool is_grouped(const H2LearnCommand& command) {
  const auto& layers = command.table.layers;
  return std::any_of(layers.begin(), layers.end(),
                     [](const PlacedLayer& l) { return l.layer.grouped; });
}

std::uint32_t allowed_if(bool condition) { return condition ? H2_OK : H2_ERR_DEPENDENCY; }

}  // namespace

std::uint32_t CommandOrder::check(H2LearnCommand& command) const {
  if (weights_lost_) return H2_ERR_WEIGHTS;
  switch (command.descriptor.opcode) {
    case H2_OP_FORWARD:
      return check_forward(command);
    case H2_OP_BACKWARD:
      return check_backward(command);
    case H2_OP_WEIGHT_GRADIENT:
      return check_gradient(command);
    default:
      return check_update(command);
  }
}

/// It overwrites what the memory holds and reads the weights.
std::uint32_t CommandOrder::check_forward(const H2LearnCommand& command) const {
  return allowed_if(!updating() && !any_under_way(held_[command.descriptor.memory].users));
}

/// It waits for the forward pass of its sub-batch.
std::uint32_t CommandOrder::check_backward(H2LearnCommand& command) const {
  const Held& held = held_[command.descriptor.memory];
  if (held.forward == nullptr || failed(*held.forward)) return H2_ERR_DEPENDENCY;
  if (!same_sub_batch(*held.forward, command) || any_under_way(held.users) || updating()) {
    return H2_ERR_DEPENDENCY;
  }
  command.depends = held.forward;
  return H2_OK;
}

std::uint32_t CommandOrder::check_gradient(H2LearnCommand& command) const {
  if (!has(command, H2_DESC_FIRST)) {
    if (group_ != Group::open || broken_ == group_number_) return H2_ERR_DEPENDENCY;
    if (!same_table(*first_gradient_, command)) return H2_ERR_DEPENDENCY;
  }
  // Behind the last sub-batch that has a place for its vectors, only the group's last may follow.
  const std::size_t before = has(command, H2_DESC_FIRST) ? 0 : kept_.size();
  const bool keeps = is_grouped(command) && !has(command, H2_DESC_LAST);
  if (keeps && before >= static_cast<std::size_t>(command.table.slots)) return H2_ERR_DEPENDENCY;
  for (const CommandPtr& backward : held_[command.descriptor.memory].backward) {
    const bool named = backward->descriptor.tag == command.descriptor.depends;
    if (named && same_sub_batch(*backward, command) && !failed(*backward)) {
      command.depends = backward;
    }
  }
  return allowed_if(command.depends != nullptr);
}

std::uint32_t CommandOrder::check_update(const H2LearnCommand& command) const {
  if (group_ != Group::closed || broken_ == group_number_) return H2_ERR_DEPENDENCY;
  if (any_under_way(forwards_) || updating()) return H2_ERR_DEPENDENCY;
  const std::uint32_t step = command.descriptor.step;
  const bool in_order = step == last_step_ + 1 || (step == 1 && may_restart_);
  const bool goes_on = !resumes(command) || same_places(*partial_, command);
  return allowed_if(in_order && goes_on && same_table(*first_gradient_, command));
}

/// Another training may begin with step 1 instead.
bool CommandOrder::resumes(const H2LearnCommand& update) const {
  return partly_updated() && update.descriptor.step == last_step_ + 1;
}

void CommandOrder::accept(const CommandPtr& command) {
  Held& held = held_[command->descriptor.memory];
  forget_ended(forwards_);
  forget_ended(held.users);
  switch (command->descriptor.opcode) {
    case H2_OP_FORWARD:
      forwards_.push_back(command);
      held.backward.clear();
      held.forward = has(*command, H2_DESC_INFERENCE) ? nullptr : command;
      break;
    case H2_OP_BACKWARD:
      held.backward = {command};
      held.users.push_back(command);
      break;
    case H2_OP_WEIGHT_GRADIENT:
      if (has(*command, H2_DESC_FIRST)) {
        ++group_number_;
        first_gradient_ = command;
        kept_.clear();
      }
      command->kept = kept_;
      if (is_grouped(*command)) kept_.push_back(command);
      if (has(*command, H2_DESC_LAST)) kept_.clear();
      group_ = has(*command, H2_DESC_LAST) ? Group::closed : Group::open;
      command->group = group_number_;
      held.users.push_back(command);
      break;
    default:
      command->group = group_number_;
      if (resumes(*command)) command->steps_done = partial_->steps_done;
      group_ = Group::none;
      update_ = command;
      break;
  }
}

/// What failed after the command was accepted.
std::uint32_t CommandOrder::begin(H2LearnCommand& command) const {
  if (weights_lost_) return H2_ERR_WEIGHTS;
  const bool of_group =
      command.descriptor.opcode == H2_OP_UPDATE ||
      (command.descriptor.opcode == H2_OP_WEIGHT_GRADIENT && !has(command, H2_DESC_FIRST));
  if (of_group && broken_ == command.group) {
    if (command.steps_done > 0) command.error_layer = first_not_updated(command);
    command.ends_whole = command.writes_weights;
    return command.writes_weights ? cause_ : std::uint32_t{H2_ERR_DEPENDENCY};
  }
  command.writes_weights = command.descriptor.opcode == H2_OP_UPDATE;
  return H2_OK;
}

CommandOrder::CommandPtr CommandOrder::update_of(const H2LearnCommand& gradient) const {
  const bool pending = updating() && update_->group == gradient.group &&
                       has(gradient, H2_DESC_LAST) && update_->error == H2_OK && !update_->aborted;
  return pending && !weights_lost_ && broken_ != gradient.group ? update_ : nullptr;
}

void CommandOrder::end(const H2LearnCommand& command) {
  const bool bad = command.error != H2_OK || command.aborted;
  if (command.descriptor.opcode == H2_OP_WEIGHT_GRADIENT && bad && command.group > broken_) {
    broken_ = command.group;
    const bool followed = command.error == H2_ERR_DEPENDENCY && failed(*command.depends);
    cause_ = followed ? command.depends->error : command.error;
    if (cause_ == H2_OK) cause_ = H2_ERR_DEPENDENCY;  // broken off by a soft reset
  }
  if (command.writes_weights) end_update(command);
}

void CommandOrder::end_update(const H2LearnCommand& update) {
  may_restart_ = false;
  if (update.ends_whole) {
    partial_ = update_;
    last_step_ = update.descriptor.step - 1;
    return;
  }
  partial_ = nullptr;
  if (update.error != H2_OK || update.aborted) {
    weights_lost_ = true;
  } else {
    last_step_ = update.descriptor.step;
  }
}

void CommandOrder::reset() {
  held_ = {};
  forwards_.clear();
  update_ = nullptr;
  group_ = Group::none;
  first_gradient_ = nullptr;
  kept_.clear();
  may_restart_ = true;
}

bool CommandOrder::updating() const { return update_ != nullptr && !update_->ended; }

bool CommandOrder::under_way() const {
  return any_under_way(forwards_) || any_under_way(held_[0].users) ||
         any_under_way(held_[1].users) || updating();
}

bool CommandOrder::resume(std::uint32_t step) {
  if (under_way() || !may_restart_ || weights_lost_) return false;
  last_step_ = step;
  return true;
}

bool CommandOrder::restart() {
  if (under_way()) return false;
  last_step_ = 0;
  weights_lost_ = false;
  partial_ = nullptr;
  group_ = Group::none;
  return true;
}

}  // namespace h2
