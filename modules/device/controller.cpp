#include "modules/device/controller.h"

#include <nlohmann/json.hpp>

#include "modules/device/command.h"

namespace h2 {
namespace {

/// Register access time over the host link, in core cycles (decision).
constexpr double kRegisterCycles = 16;

const char* phase_name(std::uint8_t opcode) {
  static const char* const names[] = {"", "forward", "backward", "weight_gradient", "update"};
  return names[opcode];
}

}  // namespace

Controller::Controller(sc_core::sc_module_name name, const Machine& machine,
                       const Settings& settings, Engines engines, Trace& trace)
    : sc_module(name),
      registers("registers", kRegisterCycles * settings.period),
      machine_(machine),
      settings_(settings),
      engines_(engines),
      trace_(trace),
      log_(trace.log(this->name())),
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
  command->fetch_cycle = cycle();
  const sc_core::sc_time begin = sc_core::sc_time_stamp();
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
    if (trace_.shows(TraceLevel::phases)) {
      trace_.slice(std::string(name()) + ".fetch", "tag " + std::to_string(descriptor.tag),
                   begin.value(), {{"opcode", descriptor.opcode}});
    }
    if (log_.shows(TraceLevel::phases)) {
      log_.print("tag " + std::to_string(descriptor.tag) + ": " + phase_name(descriptor.opcode) +
                 " of sub-batch " + std::to_string(command->sub_batch) + " taken");
    }
    ++running_;
    in_flight_.insert(descriptor.tag);
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
  show_descriptor(command);
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
  sc_core::sc_time limit;
  if (command.descriptor.opcode != H2_OP_UPDATE) {
    limit = 1024.0 * registers.get(H2_REG_TIMEOUT) * settings_.period;
  }
  record.job = engine.run(job, static_cast<std::uint32_t>(command.sub_batch), limit);
  record.engine = engine_index;
  record.opcode = command.descriptor.opcode;
  record.samples = command.descriptor.samples;
  record.sub_batch = command.sub_batch;
  if (record.job.error != H2_OK) {
    command.error = record.job.error;
    command.error_layer = static_cast<std::uint32_t>(job.layer) + 1;
    command.error_timestep = static_cast<std::uint32_t>(record.job.range.overflow_step);
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
  const bool usable = first || gradients_usable_;
  gradients_usable_ = false;
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
  gradients_usable_ = usable && !command.aborted;
}

void Controller::update(Command& command) {
  if (!gradients_usable_) {
    command.error = H2_ERR_DEPENDENCY;
    return;
  }
  const std::vector<std::uint64_t> copies{H2_MEM_BASE(0), H2_MEM_BASE(1)};
  for (int l = 0; l < static_cast<int>(command.table.layers.size()); ++l) {
    const std::unique_ptr<Job> job =
        make_update_job(command.context, l, command.table.update, command.descriptor.step, copies);
    if (run_job(command, engines_.weight_update, 2, *job) != H2_OK) return;
  }
  if (!command.aborted) registers.set(H2_REG_LAST_STEP, command.descriptor.step);
}

void Controller::show_descriptor(const Command& command) const {
  if (!trace_.shows(TraceLevel::phases)) return;
  const h2_descriptor& d = command.descriptor;
  const bool weights = d.opcode == H2_OP_WEIGHT_GRADIENT || d.opcode == H2_OP_UPDATE;
  const std::string track =
      std::string(name()) + "." + (weights ? "weight_update" : phase_name(d.opcode));
  const auto ps = [&](std::uint64_t cycles) { return cycles * settings_.period.value(); };
  trace_.slice(track, phase_name(d.opcode), ps(command.start_cycle),
               {{"tag", d.tag},
                {"sub_batch", command.sub_batch},
                {"memory", d.memory},
                {"samples", d.samples},
                {"status", command.error}});
  trace_.arrow(++arrows_, std::string(name()) + ".fetch", ps(command.fetch_cycle), track);
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
