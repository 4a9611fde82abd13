// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>

#include "modules/contract/h2_layout.h"
#include "modules/spinaps/spin_schedule.h"
#include "platform/driver/sa_driver.h"

namespace h2 {
namespace {

/// A card without a simulator: three memories, registers that hold what is written, and a schedule.
class SpinCard : public CardAccess {
 public:
  static constexpr std::uint64_t kBytes = 4 << 20;

  SpinCard() : schedule(machine(), {H2_MEM_BASE(0), kBytes, 3}) {
    for (auto& memory : memories_) memory.resize(kBytes);
    for (const RegisterInfo& reg : spinaps_registers(kBytes)) {
      registers_[H2_REGS_BASE + reg.offset] = reg.reset;
    }
    const h2_bus bus{this, bus_read, bus_write, [](void*) { return 1; }, nullptr};
    EXPECT_EQ(sa_open(&device, &bus, 0), H2_OK) << h2_reason(&device.card);
    EXPECT_EQ(sa_load_network(&device, &shape), H2_OK) << h2_reason(&device.card);
  }

  static SpinApsMachine machine() {
    SpinApsMachine m;
    m.arrays = 1;
    return m;
  }
  static int bus_read(void* card, std::uint64_t address, void* data, std::size_t bytes) {
    return static_cast<SpinCard*>(card)->read(address, data, bytes) ? 0 : 1;
  }
  static int bus_write(void* card, std::uint64_t address, const void* data, std::size_t bytes) {
    return static_cast<SpinCard*>(card)->write(address, data, bytes) ? 0 : 1;
  }
  bool read(std::uint64_t address, void* data, std::size_t bytes) override {
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
  bool write(std::uint64_t address, const void* data, std::size_t bytes) {
    const auto reg = registers_.find(address);
    if (reg != registers_.end()) {
      std::memcpy(&reg->second, data, sizeof reg->second);
      return bytes == sizeof reg->second;
    }
    std::uint8_t* to = at(address, bytes);
    if (to != nullptr) std::memcpy(to, data, bytes);
    return to != nullptr;
  }
  bool allows(std::uint64_t, std::uint64_t, bool, bool) const override { return windows_open; }
  std::vector<ByteRange> rings() const override { return {{H2_MEM_BASE(2), 4096}}; }
  bool in_flight(std::uint32_t tag) const override { return tag == 99; }

  void write_table() {
    sa_table& t = device.table;
    t.checksum = 0;
    t.checksum = h2_checksum(0, &t, sizeof t);
    write(device.card.table_address, &t, sizeof t);
  }
  sa_descriptor infer() const {
    sa_descriptor d{};
    d.version = H2_DESCRIPTOR_VERSION;
    d.opcode = SA_OP_INFER;
    d.size = sizeof d;
    d.tag = 7;
    d.samples = 2;
    d.deadline = 4;
    d.seed = 0x2545;
    d.table = device.card.table_address;
    d.input = device.input;
    d.results = device.results;
    return d;
  }
  sa_descriptor program() const {
    sa_descriptor d{};
    d.version = H2_DESCRIPTOR_VERSION;
    d.opcode = SA_OP_PROGRAM;
    d.size = sizeof d;
    d.tag = 8;
    d.table = device.card.table_address;
    return d;
  }
  std::shared_ptr<CardCommand> decode(const sa_descriptor& own) {
    h2_descriptor d;
    std::memcpy(&d, &own, sizeof d);
    return schedule.decode(d, *this);
  }
  std::uint32_t error_of(const sa_descriptor& d) { return decode(d)->error; }
  /// After a change of the table.
  std::uint32_t error_with(const std::function<void(sa_table&)>& change) {
    const sa_table held = device.table;
    change(device.table);
    write_table();
    const std::uint32_t error = error_of(infer());
    device.table = held;
    write_table();
    return error;
  }

  SpinSchedule schedule;
  sa_device device{};
  sa_table shape = [] {
    sa_table t{};
    t.inputs = 50;
    t.classes = 10;
    t.tau = 3;
    t.steps = 6;
    t.weight_bits = 8;
    t.scale = 65536;
    t.samples = 4;
    return t;
  }();
  bool windows_open = true;

 private:
  std::uint8_t* at(std::uint64_t address, std::size_t bytes) {
    for (unsigned n = 0; n < 3; ++n) {
      const std::uint64_t offset = address - H2_MEM_BASE(n);
      if (offset < kBytes && bytes <= kBytes - offset) return &memories_[n][offset];
    }
    return nullptr;
  }
  std::vector<std::uint8_t> memories_[3];
  std::map<std::uint64_t, std::uint32_t> registers_;
};

TEST(SpinSchedule, BothCommandsBecomeOneJobEach) {
  SpinCard card;
  const auto program = card.decode(card.program());
  ASSERT_EQ(program->error, H2_OK);
  EXPECT_EQ(program->kind, "program");
  const auto infer = card.decode(card.infer());
  ASSERT_EQ(infer->error, H2_OK);
  const std::optional<Step> step = card.schedule.step(*infer, 0);
  const auto& job = dynamic_cast<const SpinJob&>(*step->job);
  EXPECT_EQ(job.samples, 2);
  EXPECT_EQ(job.rule.deadline, 4);
  EXPECT_FALSE(job.rule.early_stop);
  EXPECT_EQ(job.weight_rows(), 150);
  EXPECT_EQ(job.sample_bytes(), 64U);  // 7 B x 6 steps
  EXPECT_FALSE(card.schedule.step(*infer, 1).has_value());
  EXPECT_EQ(card.schedule.sub_batches(), 1U);
}

TEST(SpinSchedule, EveryFieldOfADescriptorIsChecked) {
  SpinCard card;
  const auto error = [&](const auto& change) {
    sa_descriptor d = card.infer();
    change(d);
    return card.error_of(d);
  };
  using D = sa_descriptor;
  EXPECT_EQ(error([](D&) {}), H2_OK);
  EXPECT_EQ(error([](D& d) { d.version = 9; }), H2_ERR_VERSION);
  for (std::uint8_t opcode : {2, 3, 4}) {
    EXPECT_EQ(error([&](D& d) { d.opcode = opcode; }), SA_ERR_TRAINING);
  }
  EXPECT_EQ(error([](D& d) { d.opcode = 0; }), H2_ERR_OPCODE);
  EXPECT_EQ(error([](D& d) { d.opcode = 6; }), H2_ERR_OPCODE);
  EXPECT_EQ(error([](D& d) { d.flags = 4; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](D& d) { d.size = 32; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](D& d) { d.depends = 1; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](D& d) { d.reserved0 = 1; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](D& d) { d.reserved1 = 1; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](D& d) { d.tag = 0; }), H2_ERR_TAG);
  EXPECT_EQ(error([](D& d) { d.tag = 99; }), H2_ERR_TAG);
  EXPECT_EQ(error([](D& d) { d.samples = 0; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](D& d) { d.samples = 5; }), H2_ERR_SIZE);
  EXPECT_EQ(error([](D& d) { d.seed = 0; }), SA_ERR_SEED);
  EXPECT_EQ(error([](D& d) { d.seed = 65536; }), SA_ERR_SEED);
  EXPECT_EQ(error([](D& d) { d.deadline = 0; }), SA_ERR_DEADLINE);
  EXPECT_EQ(error([](D& d) { d.deadline = 7; }), SA_ERR_DEADLINE);
  EXPECT_EQ(error([](D& d) { d.input += 8; }), H2_ERR_ALIGNMENT);
  EXPECT_EQ(error([](D& d) { d.table = 64; }), H2_ERR_ADDRESS);
  EXPECT_EQ(error([](D& d) { d.results = 0; }), H2_ERR_ADDRESS);
  EXPECT_EQ(error([](D& d) { d.results = d.input; }), H2_ERR_OVERLAP);
  EXPECT_EQ(error([](D& d) { d.results = d.table; }), H2_ERR_OVERLAP);
  EXPECT_EQ(error([](D& d) { d.results = H2_MEM_BASE(2); }), H2_ERR_OVERLAP);
  sa_descriptor program = card.program();
  EXPECT_EQ(card.error_of(program), H2_OK);
  program.samples = 1;
  EXPECT_EQ(card.error_of(program), H2_ERR_SIZE);
  card.windows_open = false;
  EXPECT_EQ(card.error_of(card.program()), H2_ERR_WINDOW);
}

TEST(SpinSchedule, EveryFieldOfATableIsChecked) {
  SpinCard card;
  using T = sa_table;
  EXPECT_EQ(card.error_with([](T&) {}), H2_OK);
  EXPECT_EQ(card.error_with([](T& t) { t.magic = 1; }), H2_ERR_TABLE);
  EXPECT_EQ(card.error_with([](T& t) { t.version = 2; }), H2_ERR_VERSION);
  EXPECT_EQ(card.error_with([](T& t) { t.inputs = 0; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.classes = 0; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.tau = 0; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.tau = 65; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.steps = 0; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.weight_bits = 9; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.scale = 0; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.samples = 0; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.reserved = 1; }), SA_ERR_SHAPE);
  EXPECT_EQ(card.error_with([](T& t) { t.inputs = 1025; }), SA_ERR_ARRAY);  // 3075 rows of 3072
  EXPECT_EQ(card.error_with([](T& t) { t.classes = 129; }), SA_ERR_ARRAY);
  EXPECT_EQ(card.error_with([](T& t) { t.steps = 1024; }), H2_ERR_CAPACITY);
  EXPECT_EQ(card.error_with([](T& t) { t.weights += 8; }), H2_ERR_ALIGNMENT);
  card.device.table.tau = 2;
  card.write(card.device.card.table_address, &card.device.table, sizeof(sa_table));
  EXPECT_EQ(card.error_of(card.infer()), H2_ERR_CHECKSUM);
}

TEST(SpinDriver, RefusesShapesByName) {
  SpinCard card;
  sa_table t = card.shape;
  t.tau = 0;
  EXPECT_EQ(sa_load_network(&card.device, &t), H2_DRV_ARGUMENT);
  EXPECT_NE(std::string(h2_reason(&card.device.card)).find("table.tau is 0"), std::string::npos)
      << h2_reason(&card.device.card);
  EXPECT_EQ(sa_load_network(&card.device, nullptr), H2_DRV_ARGUMENT);
  EXPECT_EQ(sa_write_spikes(&card.device, 4, nullptr), H2_DRV_ARGUMENT);
  const std::uint8_t bits[64] = {};
  EXPECT_EQ(sa_write_spikes(&card.device, 4, bits), H2_DRV_ARGUMENT);
  sa_result results[1];
  EXPECT_EQ(sa_read_results(&card.device, 5, results), H2_DRV_ARGUMENT);
  EXPECT_EQ(sa_infer(&card.device, 1, 0, nullptr), H2_DRV_ARGUMENT);
  sa_device closed{};
  EXPECT_NE(sa_program(&closed), H2_OK);
  EXPECT_EQ(sa_program(nullptr), H2_DRV_ARGUMENT);
}

}  // namespace
}  // namespace h2
