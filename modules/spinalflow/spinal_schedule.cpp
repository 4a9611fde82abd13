// SPDX-License-Identifier: Apache-2.0
#include "modules/spinalflow/spinal_schedule.h"

namespace h2 {
namespace {

bool meet(std::uint64_t a, std::uint64_t a_bytes, std::uint64_t b, std::uint64_t b_bytes) {
  return a < b + b_bytes && b < a + a_bytes;
}

bool fully_connected(const SpinalLayer& layer) {
  return layer.kernel_h == layer.input.height && layer.kernel_w == layer.input.width &&
         layer.pad == 0;
}

/// conv1.., fc1.. in order: the card is not told any names.
std::string name_of_layer(const std::vector<SpinalLayer>& layers, int index) {
  const bool kind = fully_connected(layers[index]);
  int number = 0;
  for (int i = 0; i <= index; ++i) number += fully_connected(layers[i]) == kind ? 1 : 0;
  return (kind ? "fc" : "conv") + std::to_string(number);
}

}  // namespace

const std::vector<std::string>& SpinalSchedule::queues() const {
  static const std::vector<std::string> keys{"infer"};
  return keys;
}

std::shared_ptr<CardCommand> SpinalSchedule::decode(const h2_descriptor& descriptor,
                                                    CardAccess& card) {
  const auto command = std::make_shared<SpinalCommand>();
  command->descriptor = descriptor;
  command->kind = "infer";
  command->error = check(*command, card);
  if (command->error == H2_OK) command->sub_batch = commands_++;
  return command;
}

std::uint32_t SpinalSchedule::check_fields(const h2_descriptor& d, const CardAccess& card) {
  if (d.version != H2_DESCRIPTOR_VERSION) return H2_ERR_VERSION;
  if (d.opcode > SF_OP_INFER && d.opcode <= H2_OP_UPDATE) return SF_ERR_TRAINING;
  if (d.opcode != SF_OP_INFER) return H2_ERR_OPCODE;
  if (d.size != sizeof d || d.flags != 0 || d.depends != 0 || d.memory != 0 || d.step != 0 ||
      d.output_gradient != 0 || d.reserved0 != 0 || d.learning_rate != 0 || d.weight_decay != 0 ||
      d.samples == 0) {
    return H2_ERR_SIZE;
  }
  if (d.tag == 0 || card.in_flight(d.tag)) return H2_ERR_TAG;
  const bool aligned = d.table % H2_TENSOR_ALIGN == 0 && d.input % H2_TENSOR_ALIGN == 0;
  return aligned ? H2_OK : H2_ERR_ALIGNMENT;
}

std::uint32_t SpinalSchedule::check(SpinalCommand& command, CardAccess& card) const {
  std::uint32_t error = check_fields(command.descriptor, card);
  if (error == H2_OK) error = read_table(command, card);
  if (error != H2_OK) return error;
  if (command.descriptor.samples > command.table.samples) return H2_ERR_SIZE;
  return check_tensors(command, card);
}

bool SpinalSchedule::in_a_memory(std::uint64_t address, std::uint64_t bytes) const {
  for (int n = 0; n < settings_.memories; ++n) {
    const std::uint64_t offset = address - settings_.memory_base - n * H2_MEM_STRIDE;
    if (offset < settings_.memory_bytes && bytes <= settings_.memory_bytes - offset) return true;
  }
  return false;
}

std::uint32_t SpinalSchedule::unreadable(std::uint64_t address, std::uint64_t bytes) const {
  return in_a_memory(address, bytes) ? H2_ERR_WINDOW : H2_ERR_ADDRESS;
}

std::uint32_t SpinalSchedule::read_table(SpinalCommand& command, CardAccess& card) const {
  const std::uint64_t at = command.descriptor.table;
  sf_table header{};
  if (!card.read(at, &header, sizeof header)) return unreadable(at, sizeof header);
  const std::uint32_t error = parse_spinal_header(header);
  if (error != H2_OK) return error;
  std::vector<sf_layer> records(header.layers);
  const std::uint64_t bytes = records.size() * sizeof(sf_layer);
  if (!card.read(at + sizeof header, records.data(), bytes)) {
    return unreadable(at + sizeof header, bytes);
  }
  return parse_spinal_table(header, records, unit_, command.table, command.error_layer);
}

/// All tensors lie in a memory and within windows; what is written meets nothing else.
std::uint32_t SpinalSchedule::check_tensors(SpinalCommand& command, const CardAccess& card) const {
  std::vector<SpinalExtent> extents = command.table.extents(unit_);
  extents.push_back({command.descriptor.input, command.table.input_bytes(), 0, false});
  for (const SpinalExtent& e : extents) {
    command.error_layer = static_cast<std::uint32_t>(e.layer) + 1;
    if (!in_a_memory(e.address, e.bytes)) return H2_ERR_ADDRESS;
    if (!card.allows(e.address, e.bytes, true, e.written)) return H2_ERR_WINDOW;
  }
  std::vector<ByteRange> control = card.rings();
  control.push_back({command.descriptor.table,
                     sizeof(sf_table) + command.table.records.size() * sizeof(sf_layer)});
  for (const SpinalExtent& e : extents) {
    if (!e.written) continue;
    command.error_layer = static_cast<std::uint32_t>(e.layer) + 1;
    for (const SpinalExtent& other : extents) {
      if (&other != &e && meet(e.address, e.bytes, other.address, other.bytes)) {
        return H2_ERR_OVERLAP;
      }
    }
    for (const ByteRange& range : control) {
      if (meet(e.address, e.bytes, range.address, range.bytes)) return H2_ERR_OVERLAP;
    }
  }
  command.error_layer = 0;
  return H2_OK;
}

std::optional<Step> SpinalSchedule::step(CardCommand& command, int index) {
  const auto& c = static_cast<const SpinalCommand&>(command);
  if (index >= static_cast<int>(c.table.layers.size())) return std::nullopt;
  const sf_layer& record = c.table.records[index];
  auto job = std::make_unique<SpineJob>();
  job->shape = c.table.layers[index];
  job->unit = unit_;
  job->neuron = c.table.neuron_of(index);
  job->samples = c.descriptor.samples;
  job->most_samples = c.table.samples;
  job->input = index == 0 ? c.descriptor.input : c.table.records[index - 1].output;
  job->weights = record.weights;
  job->output = record.output;
  job->partial = record.partial;
  job->sums = record.sums;
  job->name = name_of_layer(c.table.layers, index);
  job->layer = job->result_layer = index;
  job->macs = static_cast<std::uint64_t>(job->shape.rows()) * job->shape.cout * job->positions() *
              job->shape.pool * job->shape.pool * job->shape.input.ticks * job->samples;
  return Step{0, std::move(job), {}, {}};
}

}  // namespace h2
