// SPDX-License-Identifier: Apache-2.0
#include "tests/spinalflow/spinal_card.h"

#include <gtest/gtest.h>

#include <cstring>

#include "modules/contract/h2_layout.h"

namespace h2 {
namespace {

int bus_read(void* card, std::uint64_t address, void* data, std::size_t bytes) {
  return static_cast<SpinalCard*>(card)->read(address, data, bytes) ? 0 : 1;
}
int bus_write(void* card, std::uint64_t address, const void* data, std::size_t bytes) {
  return static_cast<SpinalCard*>(card)->write(address, data, bytes) ? 0 : 1;
}
int no_irq(void*) { return 1; }

sf_layer layer(unsigned cin, unsigned cout, unsigned side, unsigned kernel, unsigned pool) {
  sf_layer l{};
  l.cin = cin;
  l.cout = cout;
  l.in_height = l.in_width = static_cast<std::uint16_t>(side);
  l.kernel_height = l.kernel_width = static_cast<std::uint16_t>(kernel);
  l.stride = 1;
  l.pad = kernel == 3 ? 1 : 0;
  l.pool = static_cast<std::uint16_t>(pool);
  l.input_bits = 1;
  l.threshold = 100;
  return l;
}

}  // namespace

SpinalCard::SpinalCard() : schedule({}, {H2_MEM_BASE(0), kMemoryBytes, 3}) {
  for (auto& memory : memories_) memory.resize(kMemoryBytes);
  for (const RegisterInfo& reg : spinal_registers(kMemoryBytes)) {
    registers_[H2_REGS_BASE + reg.offset] = reg.reset;
  }
  const h2_bus bus{this, bus_read, bus_write, no_irq, nullptr};
  EXPECT_EQ(sf_open(&device, &bus, 0), H2_OK) << h2_reason(&device.card);
  const sf_layer layers[] = {layer(2, 16, 8, 3, 2), layer(16, 200, 4, 3, 1),
                             layer(200, 10, 4, 4, 1)};
  sf_table table{};
  table.ticks = 4;
  table.samples = 2;
  table.leak = 64;
  EXPECT_EQ(sf_load_network(&device, &table, layers, 3), H2_OK) << h2_reason(&device.card);
  rings_ = {{H2_MEM_BASE(2), H2_DRIVER_RING * (sizeof(h2_descriptor) + sizeof(h2_completion))}};
}

std::uint8_t* SpinalCard::at(std::uint64_t address, std::size_t bytes) {
  for (unsigned n = 0; n < 3; ++n) {
    const std::uint64_t offset = address - H2_MEM_BASE(n);
    if (offset < kMemoryBytes && bytes <= kMemoryBytes - offset) return &memories_[n][offset];
  }
  return nullptr;
}

bool SpinalCard::read(std::uint64_t address, void* data, std::size_t bytes) {
  const auto reg = registers_.find(address);
  if (reg != registers_.end()) {
    // A soft reset is done at once.
    const std::uint32_t value = address == H2_REGS_BASE + H2_REG_CONTROL ? 0 : reg->second;
    std::memcpy(data, &value, sizeof value);
    return bytes == sizeof value;
  }
  const std::uint8_t* from = at(address, bytes);
  if (from != nullptr) std::memcpy(data, from, bytes);
  return from != nullptr;
}

bool SpinalCard::write(std::uint64_t address, const void* data, std::size_t bytes) {
  const auto reg = registers_.find(address);
  if (reg != registers_.end()) {
    std::memcpy(&reg->second, data, sizeof reg->second);
    return bytes == sizeof reg->second;
  }
  std::uint8_t* to = at(address, bytes);
  if (to != nullptr) std::memcpy(to, data, bytes);
  return to != nullptr;
}

void SpinalCard::write_table() {
  sf_table& t = device.table;
  const std::size_t bytes = t.layers * sizeof(sf_layer);
  t.checksum = 0;
  t.checksum = h2_checksum(h2_checksum(0, &t, sizeof t), device.layers, bytes);
  write(device.card.table_address, &t, sizeof t);
  write(device.card.table_address + sizeof t, device.layers, bytes);
}

h2_descriptor SpinalCard::describe() const {
  h2_descriptor d{};
  d.version = H2_DESCRIPTOR_VERSION;
  d.opcode = SF_OP_INFER;
  d.size = sizeof d;
  d.tag = 7;
  d.samples = 2;
  d.table = device.card.table_address;
  d.input = device.input;
  return d;
}

}  // namespace h2
