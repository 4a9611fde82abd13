// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <utility>

#include "modules/base/error.h"
#include "modules/h2learn/schedule.h"

// What is checked before a descriptor is taken.

namespace h2 {

namespace {

/// The update's own rates: in range, and 0 bits where there are none.
bool legal_rates(const h2_descriptor& d) {
  if ((d.flags & H2_DESC_RATES) != 0) {
    return d.learning_rate >= 0 && d.learning_rate <= kMostLearningRate && d.weight_decay >= 0 &&
           d.weight_decay <= kMostWeightDecay;
  }
  std::uint32_t bits[2];
  std::memcpy(&bits[0], &d.learning_rate, sizeof bits[0]);
  std::memcpy(&bits[1], &d.weight_decay, sizeof bits[1]);
  return bits[0] == 0 && bits[1] == 0;
}

}  // namespace

std::uint32_t H2LearnSchedule::check_fields(const h2_descriptor& d, const CardAccess& card) const {
  if (d.version != H2_DESCRIPTOR_VERSION) return H2_ERR_VERSION;
  if (d.opcode < H2_OP_FORWARD || d.opcode > H2_OP_UPDATE) return H2_ERR_OPCODE;
  const unsigned legal = d.opcode == H2_OP_FORWARD  ? H2_DESC_INFERENCE
                         : d.opcode == H2_OP_UPDATE ? H2_DESC_RATES
                                                    : H2_DESC_FIRST | H2_DESC_LAST;
  if (d.size != sizeof d || d.memory > (settings_.memories == 1 ? 0 : 1) || d.reserved0 != 0 ||
      !legal_rates(d) || (d.flags & ~legal) != 0 ||
      (d.opcode == H2_OP_UPDATE ? d.step == 0 : d.samples == 0)) {
    return H2_ERR_SIZE;
  }
  if (d.tag == 0 || card.in_flight(d.tag)) return H2_ERR_TAG;
  const bool aligned = d.table % H2_TENSOR_ALIGN == 0 && d.input % H2_TENSOR_ALIGN == 0 &&
                       d.output_gradient % H2_TENSOR_ALIGN == 0;
  return aligned ? H2_OK : H2_ERR_ALIGNMENT;
}

std::uint32_t H2LearnSchedule::check(H2LearnCommand& command, CardAccess& card) {
  const h2_descriptor& d = command.descriptor;
  std::uint32_t error = check_fields(d, card);
  if (error == H2_OK) error = read_table(command, card);
  if (error != H2_OK) return error;
  if (d.opcode != H2_OP_UPDATE && d.samples > command.table.sub_batch) return H2_ERR_SIZE;
  error = check_tensors(command, card);
  return error != H2_OK ? error : order_.check(command);
}

bool H2LearnSchedule::in_a_memory(std::uint64_t address, std::uint64_t bytes) const {
  for (unsigned n = 0; n < 3; ++n) {
    const std::uint64_t offset = address - base_of(n);
    if (offset < settings_.memory_bytes && bytes <= settings_.memory_bytes - offset) return true;
  }
  return false;
}

std::uint32_t H2LearnSchedule::read_table(H2LearnCommand& command, CardAccess& card) const {
  const h2_descriptor& d = command.descriptor;
  h2_table header{};
  if (!card.read(d.table, &header, sizeof header)) {
    return in_a_memory(d.table, sizeof header) ? H2_ERR_WINDOW : H2_ERR_ADDRESS;
  }
  std::uint32_t error = parse_header(header);
  if (error != H2_OK) return error;
  std::vector<h2_layer> records(header.layers);
  const std::uint64_t first = d.table + sizeof header, bytes = records.size() * sizeof(h2_layer);
  if (!card.read(first, records.data(), bytes)) {
    return in_a_memory(first, bytes) ? H2_ERR_WINDOW : H2_ERR_ADDRESS;
  }
  std::vector<h2_neuron> neurons((header.flags & H2_TABLE_NEURONS) != 0 ? header.layers : 0);
  const std::uint64_t behind = first + bytes, own = neurons.size() * sizeof(h2_neuron);
  if (!neurons.empty() && !card.read(behind, neurons.data(), own)) {
    return in_a_memory(behind, own) ? H2_ERR_WINDOW : H2_ERR_ADDRESS;
  }
  error = parse_table(header, records, neurons, machine_, command.table, command.error_layer);
  if (error != H2_OK) return error;
  command.table.bytes = table_bytes(header);
  if ((d.flags & H2_DESC_RATES) != 0) {
    command.table.update.learning_rate = d.learning_rate;
    command.table.update.weight_decay = d.weight_decay;
  }
  error = plan(command);
  if (error != H2_OK) return error;
  for (TensorExtent& extent : command.table.extents) extent.together = settings_.memories == 1;
  error = check_extents(command.table.extents, settings_.memory_bytes, command.error_layer);
  if (error != H2_OK) return error;
  JobContext& c = command.context;
  c.machine = &machine_;
  c.layers = &command.table.layers;
  c.glb = &command.glb;
  c.batch = d.samples;
  c.table_batch = command.table.sub_batch;
  c.steps = command.table.network.timesteps;
  c.value_bytes = bytes_of(machine_.numerics);
  c.base = base_of(d.memory);
  c.base2 = base_of(2);
  c.input = d.input;
  c.static_once = command.table.static_once;
  c.inference = (d.flags & H2_DESC_INFERENCE) != 0;
  c.compress_gradients = settings_.compress_gradients;
  c.dense = settings_.dense;
  c.fault = settings_.fault;
  return H2_OK;
}

std::uint32_t H2LearnSchedule::plan(H2LearnCommand& command) const {
  try {
    command.glb = plan_glb(machine_, command.table.network, command.table.sub_batch);
  } catch (const InputError&) {
    return H2_ERR_CAPACITY;
  }
  return H2_OK;
}

/// The descriptor's own tensors lie in the memory it names, nothing shares memory, and the windows
/// grant what the phase will read and write.
std::uint32_t H2LearnSchedule::check_tensors(const H2LearnCommand& command,
                                             const CardAccess& card) const {
  const h2_descriptor& d = command.descriptor;
  const JobContext& c = command.context;
  const std::vector<TensorExtent>& extents = command.table.extents;
  const auto own = [&](std::uint64_t address, std::uint64_t bytes) -> std::uint32_t {
    const std::uint64_t offset = address - c.base;
    if (address < c.base || offset > settings_.memory_bytes ||
        bytes > settings_.memory_bytes - offset) {
      return H2_ERR_ADDRESS;
    }
    if (touches(extents, false, offset, bytes)) return H2_ERR_OVERLAP;
    return card.allows(address, bytes, true, false) ? H2_OK : H2_ERR_WINDOW;
  };
  std::uint32_t error = H2_OK;
  if (d.opcode == H2_OP_FORWARD || d.opcode == H2_OP_WEIGHT_GRADIENT) {
    const h2_map input = c.input_image(0).map();
    error = own(d.input, h2_map_bits_bytes(&input));
  }
  if (d.opcode == H2_OP_BACKWARD) {
    const int last = static_cast<int>(c.layers->size()) - 1;
    h2_map output = c.next_image(last).map();
    output.channels = static_cast<std::uint32_t>(c.layer(last).cout);
    const auto value_bytes = static_cast<std::uint32_t>(c.value_bytes);
    error = own(d.output_gradient, h2_map_values_bytes(&output, value_bytes));
  }
  if (error == H2_OK && covers_control(command, card)) error = H2_ERR_OVERLAP;
  return error != H2_OK ? error : check_windows(command, card);
}

/// True if a tensor that the command may write lies on the rings or on the table itself: an update
/// writes both copies of the weights.
bool H2LearnSchedule::covers_control(const H2LearnCommand& command, const CardAccess& card) const {
  const bool update = command.descriptor.opcode == H2_OP_UPDATE;
  std::vector<ByteRange> ranges = card.rings();
  ranges.push_back({command.descriptor.table, command.table.bytes});
  for (const auto& [address, bytes] : ranges) {
    for (unsigned n = 0; n < 3; ++n) {
      const bool written = n == 2 || n == command.descriptor.memory || update;
      if (!written) continue;
      const std::uint64_t offset = address - base_of(n);
      if (offset < settings_.memory_bytes &&
          touches(command.table.extents, n == 2, offset, bytes)) {
        return true;
      }
    }
  }
  return false;
}

std::uint32_t H2LearnSchedule::check_windows(const H2LearnCommand& command,
                                             const CardAccess& card) const {
  const std::uint8_t opcode = command.descriptor.opcode;
  const bool update = opcode == H2_OP_UPDATE;
  const JobContext& c = command.context;
  for (const TensorExtent& e : command.table.extents) {
    if (e.mem2) {
      const bool used = update || opcode == H2_OP_WEIGHT_GRADIENT;
      if (used && !card.allows(c.base2 + e.offset, e.bytes, true, true)) return H2_ERR_WINDOW;
    } else if (update && e.weights) {
      for (const std::uint64_t base : weight_copies()) {
        if (!card.allows(base + e.offset, e.bytes, false, true)) return H2_ERR_WINDOW;
      }
    } else if (!update && !card.allows(c.base + e.offset, e.bytes, true, !e.weights)) {
      return H2_ERR_WINDOW;
    }
  }
  return H2_OK;
}

}  // namespace h2
