#include "platform/controller/controller.h"

#include "modules/error.h"
#include "platform/controller/command.h"

namespace h2 {
namespace {

/// Register access time over the host link, in core cycles (decision).
constexpr double kRegisterCycles = 16;

}  // namespace

Controller::Controller(sc_core::sc_module_name name, const Machine& machine,
                       const Settings& settings, Engines engines, Trace& trace)
    : sc_module(name),
      registers("registers", kRegisterCycles * settings.period),
      machine_(machine),
      settings_(settings),
      engines_(engines),
      trace_(trace),
      head_signal_(trace.add_value(this->name(), "ring_head", 16)),
      tail_signal_(trace.add_value(this->name(), "ring_tail", 16)),
      irq_signal_(trace.add_value(this->name(), "irq", 1)),
      forward_phase_(std::make_unique<Phase>()),
      backward_phase_(std::make_unique<Phase>()),
      weight_phase_(std::make_unique<Phase>()) {
  connect_registers();
  SC_HAS_PROCESS(Controller);
  SC_THREAD(fetch_process);
  SC_THREAD(forward_process);
  SC_THREAD(backward_process);
  SC_THREAD(weight_process);
  SC_METHOD(update_irq);
  sensitive << irq_change_;
}

Controller::~Controller() = default;

void Controller::fetch_process() {
  for (;;) {
    while (aborting_ || registers.get(H2_REG_RING_HEAD) == registers.get(H2_REG_RING_TAIL)) {
      wait(doorbell_);
    }
    ++running_;  // a soft reset waits for the fetch under way
    fetch();
    end_work();
  }
}

void Controller::fetch() {
  const std::uint32_t head = registers.get(H2_REG_RING_HEAD);
  h2_descriptor descriptor{};
  const std::uint64_t at =
      registers.get64(H2_REG_RING_BASE_LO) + std::uint64_t{head} * sizeof descriptor;
  const auto command = std::make_shared<Command>();
  std::uint32_t error = H2_ERR_RING;
  if (access(tlm::TLM_READ_COMMAND, at, &descriptor, sizeof descriptor)) {
    error = accept(descriptor, command);
  }
  if (aborting_) return;
  if (error == H2_OK) {
    Phase& phase = descriptor.opcode == H2_OP_FORWARD    ? *forward_phase_
                   : descriptor.opcode == H2_OP_BACKWARD ? *backward_phase_
                                                         : *weight_phase_;
    while (phase.queue.size() >= Phase::kDepth && !aborting_) wait(space_);
    if (aborting_) return;
    ++running_;
    phase.queue.push_back(command);
    phase.filled.notify();
  } else {
    command->error = error;
    complete(*command);
  }
  const std::uint32_t next = (head + 1) % registers.get(H2_REG_RING_SIZE);
  registers.set(H2_REG_RING_HEAD, next);
  trace_.change(head_signal_, next);
}

void Controller::end_work() {
  --running_;
  update_status();
  if (running_ == 0) idle_.notify();
}

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

void Controller::run_phase(Phase& phase) {
  while (phase.queue.empty()) wait(phase.filled);
  phase.current = phase.queue.front();
  Command& command = *phase.current;
  command.start_cycle = cycle();
  switch (command.descriptor.opcode) {
    case H2_OP_FORWARD:
      forward(command);
      break;
    case H2_OP_BACKWARD:
      backward(command);
      break;
    case H2_OP_WEIGHT_GRADIENT:
      weight_gradient(command);
      break;
    default:
      update(command);
      break;
  }
  if (on_descriptor && command.error == H2_OK && !command.aborted) {
    on_descriptor(command.descriptor, command.context);
  }
  command.ended = true;
  command.progress.notify();
  complete(command);
  phase.queue.pop_front();
  phase.current.reset();
  space_.notify();
  end_work();
}

void Controller::forward_process() {
  for (;;) run_phase(*forward_phase_);
}

void Controller::backward_process() {
  for (;;) run_phase(*backward_phase_);
}

void Controller::weight_process() {
  for (;;) run_phase(*weight_phase_);
}

std::uint32_t Controller::run_job(Command& command, Engine& engine, int engine_index, Job& job) {
  if (command.error != H2_OK || command.aborted) return command.error;
  LayerRecord record;
  record.job = engine.run(job, static_cast<std::uint32_t>(command.sub_batch));
  record.engine = engine_index;
  record.opcode = command.descriptor.opcode;
  record.samples = command.descriptor.samples;
  if (record.job.error != H2_OK) {
    command.error = record.job.error;
    command.error_layer = static_cast<std::uint32_t>(job.layer) + 1;
  }
  if (on_job) on_job(record);
  return command.error;
}

void Controller::forward(Command& command) {
  const int layers = static_cast<int>(command.table.layers.size());
  for (int l = 0; l < layers; ++l) {
    if (run_job(command, engines_.forward, 0, *make_forward_job(command.context, l)) != H2_OK)
      return;
  }
}

void Controller::backward(Command& command) {
  const int layers = static_cast<int>(command.table.layers.size());
  for (int l = layers - 1; l >= 0; --l) {
    const std::unique_ptr<Job> job =
        l == layers - 1 ? make_grad_job(command.context, command.descriptor.output_gradient)
                        : make_backward_job(command.context, l);
    if (run_job(command, engines_.backward, 1, *job) != H2_OK) return;
    command.gradients_from = l;
    command.progress.notify();
  }
}

void Controller::weight_gradient(Command& command) {
  Command& backward = *command.depends;
  const bool first = (command.descriptor.flags & H2_DESC_FIRST) != 0;
  for (int l = static_cast<int>(command.table.layers.size()) - 1; l >= 0; --l) {
    while (backward.gradients_from > l && !backward.ended) wait(backward.progress);
    if (backward.gradients_from > l) {
      command.error = H2_ERR_DEPENDENCY;
      command.error_layer = static_cast<std::uint32_t>(l) + 1;
      return;
    }
    const std::unique_ptr<Job> job = make_weight_gradient_job(command.context, l, first);
    if (run_job(command, engines_.weight_update, 2, *job) != H2_OK) return;
  }
}

void Controller::update(Command& command) {
  const std::vector<std::uint64_t> copies{H2_MEM_BASE(0), H2_MEM_BASE(1)};
  for (int l = 0; l < static_cast<int>(command.table.layers.size()); ++l) {
    const std::unique_ptr<Job> job =
        make_update_job(command.context, l, command.table.update, command.descriptor.step, copies);
    if (run_job(command, engines_.weight_update, 2, *job) != H2_OK) return;
  }
}

std::string Controller::describe() const {
  std::string text = std::string(name()) + ": ring head " +
                     std::to_string(registers.get(H2_REG_RING_HEAD)) + ", tail " +
                     std::to_string(registers.get(H2_REG_RING_TAIL));
  const std::pair<const char*, const Phase*> phases[] = {{"forward", forward_phase_.get()},
                                                         {"backward", backward_phase_.get()},
                                                         {"weight update", weight_phase_.get()}};
  for (const auto& [label, phase] : phases) {
    text += std::string("; ") + label + " ";
    text += phase->current == nullptr
                ? "waits for a descriptor"
                : "works on tag " + std::to_string(phase->current->descriptor.tag);
  }
  return text;
}

}  // namespace h2
