#include "modules/error.h"
#include "platform/controller/command.h"
#include "platform/controller/controller.h"

// What the controller checks before it takes a descriptor.

namespace h2 {

std::uint32_t Controller::accept(const h2_descriptor& d, const CommandPtr& command) {
  command->descriptor = d;
  command->start_cycle = cycle();
  if (d.version != H2_DESCRIPTOR_VERSION) return H2_ERR_VERSION;
  if (d.opcode < H2_OP_FORWARD || d.opcode > H2_OP_UPDATE) return H2_ERR_OPCODE;
  const unsigned known = H2_DESC_FIRST | H2_DESC_LAST | H2_DESC_INFERENCE;
  if (d.size != sizeof d || d.tag == 0 || d.memory > 1 || d.reserved[0] != 0 ||
      d.reserved[1] != 0 || (d.flags & ~known)) {
    return H2_ERR_SIZE;
  }
  if (d.table % H2_TENSOR_ALIGN != 0 || d.input % H2_TENSOR_ALIGN != 0 ||
      d.output_gradient % H2_TENSOR_ALIGN != 0) {
    return H2_ERR_ALIGNMENT;
  }
  const std::uint32_t error = read_table(*command);
  if (error != H2_OK) return error;
  if (d.opcode == H2_OP_UPDATE ? d.step == 0
                               : d.samples < 1 || d.samples > command->table.sub_batch)
    return H2_ERR_SIZE;
  const std::uint32_t misplaced = check_tensors(*command);
  if (misplaced != H2_OK) return misplaced;
  hold_sub_batch(*command);
  if (d.opcode == H2_OP_BACKWARD) {
    backward_commands_.push_back(command);
    if (backward_commands_.size() > 2 * Phase::kDepth) backward_commands_.pop_front();
  }
  if (d.opcode == H2_OP_WEIGHT_GRADIENT) {
    for (const CommandPtr& b : backward_commands_) {
      if (b->descriptor.tag == d.depends) command->depends = b;
    }
    if (command->depends == nullptr) return H2_ERR_DEPENDENCY;
  }
  return H2_OK;
}

void Controller::hold_sub_batch(Command& command) {
  Held& held = held_[command.descriptor.memory];
  if (command.descriptor.opcode == H2_OP_FORWARD) {
    held.number = sub_batches_++;
    if (settings_.masks) held.masks = settings_.masks(held.number);
  }
  command.sub_batch = held.number;
  command.masks = held.masks;
  command.context.masks = held.masks.get();
}

std::uint32_t Controller::read_table(Command& command) {
  const h2_descriptor& d = command.descriptor;
  h2_table header{};
  if (!access(tlm::TLM_READ_COMMAND, d.table, &header, sizeof header)) return H2_ERR_ADDRESS;
  std::uint32_t error = parse_header(header);
  if (error != H2_OK) return error;
  std::vector<h2_layer> records(header.layers);
  if (!access(tlm::TLM_READ_COMMAND, d.table + sizeof header, records.data(),
              records.size() * sizeof(h2_layer))) {
    return H2_ERR_ADDRESS;
  }
  error = parse_table(header, records, machine_, settings_.memory_bytes, command.table,
                      command.error_layer);
  if (error != H2_OK) return error;
  try {
    command.glb = plan_glb(machine_, command.table.network, command.table.sub_batch);
  } catch (const InputError&) {
    return H2_ERR_CAPACITY;
  }
  JobContext& c = command.context;
  c.machine = &machine_;
  c.layers = &command.table.layers;
  c.glb = &command.glb;
  c.neuron = command.table.neuron;
  c.batch = d.samples;
  c.steps = command.table.network.timesteps;
  c.value_bytes = machine_.numerics == Numerics::fp16 ? 2 : 4;
  c.base = H2_MEM_BASE(d.memory);
  c.base2 = H2_MEM_BASE(2);
  c.input = d.input;
  c.static_once = command.table.static_once;
  c.inference = (d.flags & H2_DESC_INFERENCE) != 0;
  c.compress_gradients = settings_.compress_gradients;
  c.fault = settings_.fault;
  return H2_OK;
}

/// The descriptor's own tensors lie in the memory it names.
std::uint32_t Controller::check_tensors(const Command& command) const {
  const h2_descriptor& d = command.descriptor;
  const JobContext& c = command.context;
  const auto outside = [&](std::uint64_t address, std::uint64_t bytes) {
    return address < c.base || address - c.base > settings_.memory_bytes ||
           bytes > settings_.memory_bytes - (address - c.base);
  };
  if (d.opcode == H2_OP_FORWARD || d.opcode == H2_OP_WEIGHT_GRADIENT) {
    const h2_map input = c.input_image(0).map();
    if (outside(d.input, h2_map_bits_bytes(&input))) return H2_ERR_ADDRESS;
  }
  if (d.opcode == H2_OP_BACKWARD) {
    const int last = static_cast<int>(c.layers->size()) - 1;
    h2_map output = c.next_image(last).map();
    output.channels = static_cast<std::uint32_t>(c.layer(last).cout);
    const auto value_bytes = static_cast<std::uint32_t>(c.value_bytes);
    if (outside(d.output_gradient, h2_map_values_bytes(&output, value_bytes))) {
      return H2_ERR_ADDRESS;
    }
  }
  return H2_OK;
}

}  // namespace h2
