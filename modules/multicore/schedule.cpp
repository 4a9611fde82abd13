// SPDX-License-Identifier: Apache-2.0
#include "modules/multicore/schedule.h"

#include <algorithm>
#include <utility>

#include "modules/base/error.h"
#include "modules/multicore/core_events.h"
#include "modules/multicore/messages.h"
#include "modules/network/extensions.h"

namespace h2 {
namespace {

/// Values that no slice of a tile's own compresses: u of every neuron, and no bitmap of grad-u.
H2LearnSchedule::Settings dense_settings(H2LearnSchedule::Settings settings) {
  settings.dense = true;
  settings.compress_gradients = false;
  return settings;
}

NodeSet cores_of_layer(const Mapping& mapping, int layer) {
  NodeSet cores;
  for (const CoreSlice& s : mapping.layers[layer]) cores.set(s.core);
  return cores;
}

CoreEngine engine_of(std::uint8_t opcode) {
  return opcode == H2_OP_FORWARD    ? kCoreForward
         : opcode == H2_OP_BACKWARD ? kCoreBackward
                                    : kCoreWeights;
}

}  // namespace

MulticoreSchedule::MulticoreSchedule(const Machine& machine, const MulticoreSpec& spec,
                                     Settings settings)
    : H2LearnSchedule(machine, dense_settings(std::move(settings))), spec_(spec) {}

std::uint32_t MulticoreSchedule::plan(H2LearnCommand& command) const {
  const Network& network = command.table.network;
  if (std::any_of(network.layers.begin(), network.layers.end(), [](const Layer& l) {
        return l.grouped || l.bias || !extensions_of(l).empty();
      })) {
    return H2_ERR_TABLE;
  }
  const int most = command.table.sub_batch;
  if (most > kMostMailSamples) return H2_ERR_CAPACITY;
  try {
    const CorePlan plan(spec_, network, most);
  } catch (const InputError&) {
    return H2_ERR_CAPACITY;
  }
  return H2_OK;
}

void MulticoreSchedule::begin(CardCommand& command) {
  H2LearnSchedule::begin(command);
  if (command.error != H2_OK) return;
  const auto& c = static_cast<const H2LearnCommand&>(command);
  CoreContext context;
  context.family = c.context;
  context.spec = &spec_;
  context.plan = std::make_shared<CorePlan>(spec_, c.table.network, c.context.batch);
  open_streams(context, c.descriptor.opcode);
  work_.assign(spec_.count, "");
  for (const auto& slices : context.plan->mapping().layers) {
    for (const CoreSlice& s : slices) {
      work_[s.core] += (work_[s.core].empty() ? "" : ", ") + context.layer(s.layer).name + " " +
                       std::to_string(s.begin) + "-" + std::to_string(s.end - 1);
    }
  }
  under_way_[&command] = std::move(context);
}

void MulticoreSchedule::open_streams(CoreContext& context, std::uint8_t opcode) {
  const int layers = static_cast<int>(context.family.layers->size());
  const JobContext& f = context.family;
  const Mapping& mapping = context.plan->mapping();
  context.spikes.resize(layers);
  context.gradients.resize(layers);
  for (int l = 0; l + 1 < layers; ++l) {
    if (!mapping.joined(l)) continue;
    MailStream stream;
    stream.samples = f.batch;
    if (opcode == H2_OP_FORWARD) {
      stream.producers = cores_of_layer(mapping, l);
      stream.consumers = cores_of_layer(mapping, l + 1);
      stream.sample_bytes = SpikeMessage(f.layer(l), f.steps).offset(f.layer(l).cout);
      stream.slots = context.plan->spike_slots(l);
      context.spikes[l] = streams_.open(stream);
    } else if (opcode == H2_OP_BACKWARD) {
      const Layer& above = f.layer(l + 1);
      stream.gradients = true;
      stream.producers = cores_of_layer(mapping, l + 1);
      stream.consumers = cores_of_layer(mapping, l);
      stream.sample_bytes = GradientMessage(above, f.steps, f.value_bytes).offset(above.cout);
      stream.slots = context.plan->gradient_slots(l + 1);
      stream.halved = f.value_bytes == 4;
      context.gradients[l + 1] = streams_.open(stream);
    }
  }
}

void MulticoreSchedule::close_streams(const CoreContext& context) {
  for (const auto* streams : {&context.spikes, &context.gradients}) {
    for (const auto& id : *streams) {
      if (id) streams_.close(*id);
    }
  }
}

/// Rounds upwards in the forward pass, otherwise downwards: grad-u of a round is complete when the
/// backward pass has ended it.
std::optional<Step> MulticoreSchedule::step(CardCommand& command, int index) {
  const auto& c = static_cast<const H2LearnCommand&>(command);
  const CoreContext& context = under_way_.at(&command);
  const int rounds = context.plan->rounds();
  if (index >= rounds) return std::nullopt;
  const std::uint8_t opcode = c.descriptor.opcode;
  const int round = opcode == H2_OP_FORWARD ? index : rounds - 1 - index;
  Step step;
  for (const int layer : context.plan->layers_of(round)) {
    for (const CoreSlice& slice : context.plan->mapping().layers[layer]) {
      const int engine = engine_index(slice.core, engine_of(opcode));
      std::unique_ptr<EngineJob> work = job(c, context, slice);
      if (step.job == nullptr) {
        step.engine = engine;
        step.job = std::move(work);
      } else {
        step.beside.push_back({engine, std::move(work)});
      }
    }
  }
  if (opcode == H2_OP_BACKWARD && index == 0) step.after = After{c.depends, rounds - 1};
  if (opcode == H2_OP_WEIGHT_GRADIENT) step.after = After{c.depends, index};
  return step;
}

std::unique_ptr<EngineJob> MulticoreSchedule::job(const H2LearnCommand& c,
                                                  const CoreContext& context,
                                                  const CoreSlice& slice) const {
  const h2_descriptor& d = c.descriptor;
  switch (d.opcode) {
    case H2_OP_FORWARD:
      return make_core_forward_job(context, slice);
    case H2_OP_BACKWARD:
      return make_core_backward_job(context, slice, d.output_gradient);
    case H2_OP_WEIGHT_GRADIENT:
      return make_core_weight_gradient_job(context, slice, (d.flags & H2_DESC_FIRST) != 0);
    default:
      return update(c, slice);
  }
}

/// Weights of 16 output channels lie together: those of a slice are a range.
std::unique_ptr<Job> MulticoreSchedule::update(const H2LearnCommand& c,
                                               const CoreSlice& slice) const {
  const Layer& l = c.context.layer(slice.layer);
  const int each = l.cin * l.taps();
  const auto work = [this](std::uint64_t weights, int states, bool decays) {
    ChunkWork chunk;
    chunk.cycles = lane_cycles(spec_, 0, weights * (1 + states + (decays ? 1 : 0)));
    chunk.events[kCoreWeightUpdates] = weights;
    chunk.events[kCoreStateUpdates] = weights * states;
    return chunk;
  };
  return make_update_job(c.context, slice.layer, c.table.update, c.descriptor.step, weight_copies(),
                         UpdateCosts{spec_.buffer_bytes, work},
                         {slice.begin * each, slice.end * each});
}

void MulticoreSchedule::end(const CardCommand& command) {
  const auto found = under_way_.find(&command);
  if (found != under_way_.end()) {
    close_streams(found->second);
    under_way_.erase(found);
  }
  H2LearnSchedule::end(command);
}

void MulticoreSchedule::reset() {
  for (const auto& [command, context] : under_way_) close_streams(context);
  under_way_.clear();
  H2LearnSchedule::reset();
}

}  // namespace h2
