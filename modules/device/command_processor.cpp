// SPDX-License-Identifier: Apache-2.0
#include "modules/device/command_processor.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "modules/device/host_link.h"

namespace h2 {

CommandProcessor::CommandProcessor(sc_core::sc_module_name name, const Settings& settings,
                                   Schedule& schedule, std::vector<JobEngine*> engines,
                                   Trace& trace)
    : sc_module(name),
      registers("registers", settings.registers, kHostLinkCycles * settings.period),
      period_(settings.period),
      first_port_(settings.first_port),
      schedule_(schedule),
      engines_(std::move(engines)),
      served_(engines_.size()),
      trace_(trace),
      log_(trace.log(this->name())),
      head_signal_(trace.add_value(this->name(), "ring_head", 16)),
      tail_signal_(trace.add_value(this->name(), "ring_tail", 16)),
      irq_signal_(trace.add_value(this->name(), "irq", 1)) {
  connect_registers();
  SC_HAS_PROCESS(CommandProcessor);
  SC_THREAD(fetch_process);
  for (const std::string& key : schedule.queues()) {
    queues_.push_back(std::make_unique<Queue>());
    Queue& queue = *queues_.back();
    queue.key = key;
    sc_core::sc_spawn([this, &queue] { queue_process(queue); }, (key + "_process").c_str());
  }
  SC_METHOD(update_irq);
  sensitive << irq_change_;
}

CommandProcessor::~CommandProcessor() = default;

bool CommandProcessor::may_fetch() const {
  return !aborting_ && (registers.get(H2_REG_CONTROL) & H2_CONTROL_ENABLE) != 0 &&
         registers.get(H2_REG_RING_HEAD) != registers.get(H2_REG_RING_TAIL);
}

void CommandProcessor::fetch_process() {
  for (;;) {
    while (!may_fetch()) wait(doorbell_);
    ++running_;  // a soft reset waits for the fetch under way
    fetch();
    end_work();
  }
}

void CommandProcessor::fetch() {
  const std::uint32_t head = registers.get(H2_REG_RING_HEAD);
  h2_descriptor descriptor{};
  const std::uint64_t at =
      registers.get64(H2_REG_RING_BASE_LO) + std::uint64_t{head} * sizeof descriptor;
  const sc_core::sc_time begin = sc_core::sc_time_stamp();
  CommandPtr command;
  if (read(at, &descriptor, sizeof descriptor)) {
    const std::uint64_t decode_cycle = cycle();
    command = schedule_.decode(descriptor, *this);
    command->start_cycle = decode_cycle;
  } else {
    command = std::make_shared<CardCommand>();
    command->error = H2_ERR_RING;
  }
  command->fetch_begin_ps = begin.value();
  if (aborting_) return;
  if (command->error == H2_OK) {
    take(command);
    if (aborting_) return;
  } else {
    complete(*command);
  }
  const std::uint32_t next = (head + 1) % registers.get(H2_REG_RING_SIZE);
  registers.set(H2_REG_RING_HEAD, next);
  trace_.change(head_signal_, next);
}

/// Queues an accepted command as soon as there is room.
void CommandProcessor::take(const CommandPtr& command) {
  Queue& queue = *queues_.at(command->queue);
  while (queue.commands.size() >= Queue::kDepth && !aborting_) wait(space_);
  if (aborting_) return;
  const h2_descriptor& descriptor = command->descriptor;
  command->fetch_end_ps = sc_core::sc_time_stamp().value();
  if (trace_.shows(TraceLevel::phases)) {
    trace_.slice(std::string(name()) + ".fetch", "tag " + std::to_string(descriptor.tag),
                 {command->fetch_begin_ps, command->fetch_end_ps}, {{"opcode", descriptor.opcode}});
  }
  if (log_.shows(TraceLevel::phases)) {
    log_.print("tag " + std::to_string(descriptor.tag) + ": " + command->kind + " of sub-batch " +
               std::to_string(command->sub_batch) + " taken");
  }
  ++running_;
  in_flight_.insert(descriptor.tag);
  queue.commands.push_back(command);
  queue.filled.notify();
}

void CommandProcessor::end_work() {
  --running_;
  update_status();
  if (running_ == 0) idle_.notify();
}

void CommandProcessor::queue_process(Queue& queue) {
  for (;;) {
    while (queue.commands.empty()) wait(queue.filled);
    run_next(queue);
  }
}

void CommandProcessor::run_next(Queue& queue) {
  queue.current = queue.commands.front();
  CardCommand& command = *queue.current;
  const std::uint64_t turn = cycle();
  if (!command.begun) command.start_cycle = turn;
  command.begun = true;
  run(command);
  if (command.error == H2_OK && !command.aborted) command_ended.notify(command);
  command.ended = true;
  progress_.notify();
  show_descriptor(command, turn);
  complete(command);
  queue.commands.pop_front();
  queue.current.reset();
  space_.notify();
  end_work();
}

void CommandProcessor::run(CardCommand& command) {
  if (!command.aborted) schedule_.begin(command);
  while (command.error == H2_OK && !command.aborted) {
    const std::optional<Step> step = schedule_.step(command, command.steps_done);
    if (!step) break;
    if (!await(*step, command)) break;
    CardCommand& owner = step->owner != nullptr ? *step->owner : command;
    if (!owner.begun) owner.start_cycle = cycle();
    owner.begun = true;
    run_jobs(owner, *step);
    if (owner.error == H2_OK) ++owner.steps_done;
    progress_.notify();
  }
  schedule_.end(command);
}

/// False: what the step waits for will not happen.
bool CommandProcessor::await(const Step& step, CardCommand& command) {
  if (!step.after) return true;
  const CardCommand& other = *step.after->command;
  while (other.steps_done <= step.after->step && !other.ended) wait(progress_);
  if (other.steps_done > step.after->step) return !command.aborted;
  command.error = H2_ERR_DEPENDENCY;
  command.error_layer = static_cast<std::uint32_t>(step.job->layer) + 1;
  return false;
}

void CommandProcessor::run_jobs(CardCommand& command, const Step& step) {
  std::size_t left = step.beside.size();
  sc_core::sc_event ended;
  const auto end = [&] {
    if (command.error != H2_OK) abort_beside(command, step);
  };
  for (const Step::Beside& other : step.beside) {
    sc_core::sc_spawn([&, job = &other] {
      run_job(command, job->engine, *job->job);
      end();
      --left;
      ended.notify();
    });
  }
  run_job(command, step.engine, *step.job);
  end();
  while (left > 0) wait(ended);
}

/// What a failed job was to send the others will not get.
void CommandProcessor::abort_beside(const CardCommand& command, const Step& step) {
  const auto abort = [&](int engine) {
    if (served_.at(engine) == &command) engines_[engine]->abort(H2_ERR_DEPENDENCY);
  };
  abort(step.engine);
  for (const Step::Beside& other : step.beside) abort(other.engine);
}

void CommandProcessor::run_job(CardCommand& command, int engine, EngineJob& job) {
  LayerRecord record;
  const sc_core::sc_time limit = 1024.0 * registers.get(H2_REG_TIMEOUT) * period_;
  served_.at(engine) = &command;
  record.job = engines_[engine]->run(job, static_cast<std::uint32_t>(command.sub_batch), limit);
  served_[engine] = nullptr;
  record.engine = engine;
  record.opcode = command.descriptor.opcode;
  record.samples = command.descriptor.samples;
  record.sub_batch = command.sub_batch;
  if (record.job.error != H2_OK && command.error == H2_OK) {
    command.error = record.job.error;
    command.error_layer = static_cast<std::uint32_t>(job.layer) + 1;
    command.error_timestep = static_cast<std::uint32_t>(record.job.range.overflow_step);
  }
  job_ended.notify(record);
}

void CommandProcessor::show_descriptor(const CardCommand& command, std::uint64_t turn) const {
  if (!trace_.shows(TraceLevel::phases)) return;
  const h2_descriptor& d = command.descriptor;
  std::string track = std::string(name()) + "." + queues_.at(command.queue)->key;
  // Work before its turn falls into that of another descriptor of the queue.
  if (command.start_cycle < turn) track = std::string(name()) + ".early_" + command.kind;
  const Timeline::Span run{command.start_cycle * period_.value(), sc_core::sc_time_stamp().value()};
  trace_.slice(track, command.kind, run,
               {{"tag", d.tag},
                {"sub_batch", command.sub_batch},
                {"memory", d.memory},
                {"samples", d.samples},
                {"status", command.error}});
  const Timeline::Span fetched{command.fetch_begin_ps, command.fetch_end_ps};
  trace_.arrow(++arrows_, std::string(name()) + ".fetch", fetched, track, run);
}

std::string CommandProcessor::describe() const {
  std::string text = std::string(name()) + ": ring head " +
                     std::to_string(registers.get(H2_REG_RING_HEAD)) + ", tail " +
                     std::to_string(registers.get(H2_REG_RING_TAIL));
  for (const auto& queue : queues_) {
    std::string label = queue->key;
    std::replace(label.begin(), label.end(), '_', ' ');
    text += "; " + label + " ";
    text += queue->current == nullptr
                ? "waits for a descriptor"
                : "works on tag " + std::to_string(queue->current->descriptor.tag);
  }
  return text;
}

}  // namespace h2
