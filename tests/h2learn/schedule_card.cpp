// SPDX-License-Identifier: Apache-2.0
#include "tests/h2learn/schedule_card.h"

#include <gtest/gtest.h>

#include <cstring>

#include "modules/h2learn/register_map.h"

namespace h2 {
namespace {

h2_layer layer(std::uint16_t kind, std::uint32_t cin, std::uint32_t cout, std::uint16_t side) {
  h2_layer l{};
  l.kind = kind;
  l.planes = 1;
  l.cin = cin;
  l.cout = cout;
  l.kernel = kind == H2_LAYER_CONV ? 3 : 1;
  l.stride = 1;
  l.in_height = l.in_width = side;
  return l;
}

h2_table parameters() {
  h2_table t{};
  t.timesteps = 2;
  t.sub_batch = 2;
  t.alpha = 0.5F;
  t.th_f = 1;
  t.th_r = 2;
  t.beta = 1;
  t.learning_rate = 0.1F;
  t.loss_scale = 1;
  return t;
}

ScheduleCard& card(void* context) { return *static_cast<ScheduleCard*>(context); }

int read_bus(void* context, std::uint64_t address, void* data, std::size_t bytes) {
  return card(context).read(address, data, bytes) ? 0 : 1;
}

int write_bus(void* context, std::uint64_t address, const void* data, std::size_t bytes) {
  return card(context).write(address, data, bytes) ? 0 : 1;
}

int no_interrupt(void* /*context*/) { return 1; }

H2LearnSchedule::Settings schedule_settings(std::uint64_t memory_bytes) {
  H2LearnSchedule::Settings settings;
  settings.memory_bytes = memory_bytes;
  return settings;
}

}  // namespace

ScheduleCard::ScheduleCard()
    : schedule(machine, schedule_settings(kMemoryBytes)),
      rings_{{H2_MEM_BASE(2), 1024}, {H2_MEM_BASE(2) + 1024, 512}} {
  for (auto& memory : memories_) memory.resize(kMemoryBytes);
  for (const RegisterInfo& r : h2learn_registers(machine, kMemoryBytes)) {
    registers_[H2_REGS_BASE + r.offset] = r.reset;
  }
  const h2_bus bus{this, &read_bus, &write_bus, &no_interrupt, nullptr};
  EXPECT_EQ(h2_open(&device, &bus, nullptr, 0), H2_OK);
  const h2_layer layers[] = {layer(H2_LAYER_CONV, 2, 4, 4), layer(H2_LAYER_FC, 64, 8, 1),
                             layer(H2_LAYER_FC, 8, 4, 1)};
  const h2_table table = parameters();
  EXPECT_EQ(h2_load_network(&device, &table, layers, kLayers), H2_DRV_SCRATCH);
}

std::uint8_t* ScheduleCard::at(std::uint64_t address, std::size_t bytes) {
  for (unsigned n = 0; n < 3; ++n) {
    const std::uint64_t offset = address - H2_MEM_BASE(n);
    if (offset < kMemoryBytes && bytes <= kMemoryBytes - offset) return &memories_[n][offset];
  }
  return nullptr;
}

bool ScheduleCard::read(std::uint64_t address, void* data, std::size_t bytes) {
  if (const auto found = registers_.find(address); found != registers_.end()) {
    std::memcpy(data, &found->second, 4);
    return true;
  }
  const std::uint8_t* from = at(address, bytes);
  if (from != nullptr) std::memcpy(data, from, bytes);
  return from != nullptr;
}

bool ScheduleCard::write(std::uint64_t address, const void* data, std::size_t bytes) {
  if (const auto found = registers_.find(address); found != registers_.end()) {
    std::memcpy(&found->second, data, 4);
    if (address == H2_REGS_BASE + H2_REG_CONTROL) found->second &= ~H2_CONTROL_RESET;
    return true;
  }
  std::uint8_t* to = at(address, bytes);
  if (to != nullptr) std::memcpy(to, data, bytes);
  return to != nullptr;
}

bool ScheduleCard::allows(std::uint64_t, std::uint64_t, bool, bool) const { return windows_open; }

void ScheduleCard::write_table() {
  h2_table& table = device.table;
  table.checksum = 0;
  table.checksum = h2_checksum(h2_checksum(0, &table, sizeof table), device.layers,
                               table.layers * sizeof(h2_layer));
  EXPECT_TRUE(write(device.table_address, &table, sizeof table));
  EXPECT_TRUE(
      write(device.table_address + sizeof table, device.layers, table.layers * sizeof(h2_layer)));
}

h2_descriptor ScheduleCard::describe(std::uint8_t opcode, std::uint16_t flags,
                                     std::uint16_t memory) {
  h2_descriptor d{};
  d.version = H2_DESCRIPTOR_VERSION;
  d.size = sizeof d;
  d.opcode = opcode;
  d.flags = flags;
  d.tag = device.next_tag++;
  d.memory = memory;
  d.samples = 2;
  d.step = opcode == H2_OP_UPDATE ? 1 : 0;
  d.table = device.table_address;
  d.input = device.input[memory];
  d.output_gradient = device.gradient[memory];
  return d;
}

std::uint32_t ScheduleCard::run(CardCommand& command) {
  schedule.begin(command);
  for (int index = 0; command.error == H2_OK && schedule.step(command, index); ++index) {
    command.steps_done = index + 1;
  }
  schedule.end(command);
  command.ended = true;
  return command.error;
}

std::uint32_t ScheduleCard::take(const h2_descriptor& d) {
  const std::shared_ptr<CardCommand> command = decode(d);
  return command->error != H2_OK ? command->error : run(*command);
}

}  // namespace h2
