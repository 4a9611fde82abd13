// SPDX-License-Identifier: Apache-2.0
#include "modules/spinaps/spin_schedule.h"

#include <cstring>

#include "modules/contract/h2_layout.h"

namespace h2 {
namespace {

constexpr std::uint32_t kMostSamples = 1024;

struct Extent {
  std::uint64_t address, bytes;
  bool written;
};

bool meet(std::uint64_t a, std::uint64_t a_bytes, std::uint64_t b, std::uint64_t b_bytes) {
  return a < b + b_bytes && b < a + a_bytes;
}

std::uint32_t check_fields(const sa_descriptor& d, const CardAccess& card) {
  if (d.version != H2_DESCRIPTOR_VERSION) return H2_ERR_VERSION;
  if (d.opcode > SA_OP_INFER && d.opcode < SA_OP_PROGRAM) return SA_ERR_TRAINING;
  if (d.opcode != SA_OP_INFER && d.opcode != SA_OP_PROGRAM) return H2_ERR_OPCODE;
  if (d.size != sizeof d || d.depends != 0 || d.reserved0 != 0 || d.reserved1 != 0) {
    return H2_ERR_SIZE;
  }
  const bool program_is_plain = d.flags == 0 && d.samples == 0 && d.deadline == 0 && d.input == 0 &&
                                d.results == 0 && d.seed == 0 && d.first == 0;
  if (d.opcode == SA_OP_PROGRAM && !program_is_plain) return H2_ERR_SIZE;
  if (d.flags > (SA_FLAG_EARLY_STOP | SA_FLAG_LARGEST)) return H2_ERR_SIZE;
  if (d.tag == 0 || card.in_flight(d.tag)) return H2_ERR_TAG;
  const bool aligned = d.table % H2_TENSOR_ALIGN == 0 && d.input % H2_TENSOR_ALIGN == 0 &&
                       d.results % H2_TENSOR_ALIGN == 0;
  return aligned ? H2_OK : H2_ERR_ALIGNMENT;
}

std::vector<Extent> extents(const SpinCommand& command) {
  const sa_table& t = command.table;
  const sa_descriptor& d = command.own;
  if (d.opcode == SA_OP_PROGRAM) {
    return {{t.weights, std::uint64_t{t.inputs} * t.tau * t.classes, false},
            {t.biases, t.classes * sizeof(std::int32_t), false},
            {t.sigmoid, SA_SIGMOID_ENTRIES * sizeof(std::uint16_t), false}};
  }
  return {{d.results, d.samples * sizeof(sa_result), true},
          {d.input, d.samples * sa_sample_bytes(t.inputs, t.steps), false}};
}

}  // namespace

std::uint32_t check_spin_table(const sa_table& table, const SpinApsMachine& machine) {
  if (table.magic != SA_TABLE_MAGIC) return H2_ERR_TABLE;
  if (table.version != SA_TABLE_VERSION) return H2_ERR_VERSION;
  sa_table plain = table;
  plain.checksum = 0;
  if (h2_checksum(0, &plain, sizeof plain) != table.checksum) return H2_ERR_CHECKSUM;
  const auto within = [](std::uint32_t value, std::uint32_t least, std::uint32_t most) {
    return value >= least && value <= most;
  };
  if (!within(table.inputs, 1, SA_MAX_INPUTS) || !within(table.classes, 1, SA_MAX_CLASSES) ||
      !within(table.tau, 1, SA_MAX_TAU) || !within(table.steps, 1, SA_MAX_STEPS) ||
      !within(table.weight_bits, 2, 8) || table.scale == 0 ||
      !within(table.samples, 1, kMostSamples) || table.reserved != 0) {
    return SA_ERR_SHAPE;
  }
  const SpinLayout layout =
      lay_out(machine, static_cast<int>(table.inputs * table.tau), static_cast<int>(table.classes),
              static_cast<int>(table.weight_bits));
  if (!layout.refusal.empty()) return SA_ERR_ARRAY;
  // Either half of the buffer takes the spikes of a sample, and a row of weights.
  const std::uint64_t half = machine.buffer_bytes / 2;
  if (sa_sample_bytes(table.inputs, table.steps) > half || table.classes > half) {
    return H2_ERR_CAPACITY;
  }
  for (const std::uint64_t address : {table.weights, table.biases, table.sigmoid}) {
    if (address % H2_TENSOR_ALIGN != 0) return H2_ERR_ALIGNMENT;
  }
  return H2_OK;
}

const std::vector<std::string>& SpinSchedule::queues() const {
  static const std::vector<std::string> keys{"core"};
  return keys;
}

std::shared_ptr<CardCommand> SpinSchedule::decode(const h2_descriptor& descriptor,
                                                  CardAccess& card) {
  const auto command = std::make_shared<SpinCommand>();
  command->descriptor = descriptor;
  std::memcpy(&command->own, &descriptor, sizeof descriptor);
  command->kind = command->own.opcode == SA_OP_PROGRAM ? "program" : "infer";
  command->error = check(*command, card);
  if (command->error == H2_OK && command->own.opcode == SA_OP_INFER) {
    command->sub_batch = inferences_++;
  }
  return command;
}

std::uint32_t SpinSchedule::check(SpinCommand& command, CardAccess& card) const {
  const sa_descriptor& d = command.own;
  std::uint32_t error = check_fields(d, card);
  if (error != H2_OK) return error;
  if (!card.read(d.table, &command.table, sizeof command.table)) {
    return in_a_memory(d.table, sizeof command.table) ? H2_ERR_WINDOW : H2_ERR_ADDRESS;
  }
  error = check_spin_table(command.table, machine_);
  if (error == H2_OK && d.opcode == SA_OP_INFER) error = check_inference(command);
  return error == H2_OK ? check_tensors(command, card) : error;
}

std::uint32_t SpinSchedule::check_inference(const SpinCommand& command) const {
  const sa_descriptor& d = command.own;
  if (d.samples == 0 || d.samples > command.table.samples) return H2_ERR_SIZE;
  if (d.seed == 0 || d.seed > UINT16_MAX) return SA_ERR_SEED;
  if (d.deadline == 0 || d.deadline > command.table.steps) return SA_ERR_DEADLINE;
  return H2_OK;
}

bool SpinSchedule::in_a_memory(std::uint64_t address, std::uint64_t bytes) const {
  for (int n = 0; n < settings_.memories; ++n) {
    const std::uint64_t offset = address - settings_.memory_base - n * H2_MEM_STRIDE;
    if (offset < settings_.memory_bytes && bytes <= settings_.memory_bytes - offset) return true;
  }
  return false;
}

/// All tensors lie in a memory and within windows; the results meet nothing else.
std::uint32_t SpinSchedule::check_tensors(const SpinCommand& command,
                                          const CardAccess& card) const {
  const std::vector<Extent> all = extents(command);
  for (const Extent& e : all) {
    if (!in_a_memory(e.address, e.bytes)) return H2_ERR_ADDRESS;
    if (!card.allows(e.address, e.bytes, !e.written, e.written)) return H2_ERR_WINDOW;
  }
  std::vector<ByteRange> others = card.rings();
  others.push_back({command.own.table, sizeof command.table});
  for (const Extent& e : all) {
    if (!e.written) others.push_back({e.address, e.bytes});
  }
  for (const Extent& e : all) {
    for (const ByteRange& other : others) {
      if (e.written && meet(e.address, e.bytes, other.address, other.bytes)) return H2_ERR_OVERLAP;
    }
  }
  return H2_OK;
}

std::optional<Step> SpinSchedule::step(CardCommand& command, int index) {
  if (index > 0) return std::nullopt;
  const auto& c = static_cast<const SpinCommand&>(command);
  const sa_descriptor& d = c.own;
  auto job = std::make_unique<SpinJob>();
  job->table = c.table;
  job->program = d.opcode == SA_OP_PROGRAM;
  job->name = job->program ? "program" : "fc1";
  job->rule.deadline = static_cast<int>(d.deadline);
  job->rule.early_stop = (d.flags & SA_FLAG_EARLY_STOP) != 0;
  job->rule.undecided =
      (d.flags & SA_FLAG_LARGEST) != 0 ? SpinUndecided::largest : SpinUndecided::none;
  job->samples = d.samples;
  job->seed = d.seed;
  job->first = d.first;
  job->input = d.input;
  job->results = d.results;
  job->macs = std::uint64_t{d.samples} * c.table.inputs * c.table.classes * d.deadline;
  return Step{0, std::move(job), {}, {}};
}

}  // namespace h2
