// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/contract/h2_manual.h"
#include "modules/contract/h2_register_details.h"
#include "tests/platform/on_card.h"

// What is printed of the contract is what the card does.

namespace h2 {
namespace {

/// What the configuration of `config` shows in the registers.
BuiltFor built_for(const Config& config) {
  BuiltFor built;
  built.value_bytes = config.machine.numerics == Numerics::fp16 ? 2U : 4U;
  built.tile_height = static_cast<std::uint32_t>(config.machine.tile.height);
  built.tile_width = static_cast<std::uint32_t>(config.machine.tile.width);
  built.memory_bytes = config.memory.bytes;
  return built;
}

/// Bits covered by the fields of a register, each once.
std::uint32_t covered(const Register& r) {
  std::uint32_t bits = 0;
  for (const RegisterField& f : r.fields) {
    EXPECT_EQ(bits & f.mask(), 0U) << r.name << " fields overlap at " << f.name;
    bits |= f.mask();
  }
  return bits;
}

/// The register map, from which every export is made, against a card.
void expect_agreement(const Sets& sets) {
  on_card(
      [&](Card& card, const Config& config) {
        EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET));
        while (card.reg(H2_REG_CONTROL) != 0) {
        }
        for (const Register& r : registers()) {
          SCOPED_TRACE(r.name);
          const std::uint32_t value = card.reg(r.offset);
          EXPECT_EQ(value, reset_value(r, built_for(config)));
          EXPECT_EQ(value & ~covered(r), 0U) << "a bit without a field";
          if (r.access != H2_RO) continue;
          EXPECT_FALSE(card.write_reg(r.offset, value));
          EXPECT_TRUE(card.write_reg(H2_REG_IRQ_STATUS, H2_IRQ_ERROR));
        }
        for (std::uint32_t offset = 0; offset < H2_REGS_SIZE; offset += 4) {
          std::uint32_t value = 0;
          EXPECT_EQ(card.read(H2_REGS_BASE + offset, &value, 4), register_at(offset) != nullptr)
              << std::hex << offset;
        }
      },
      sets);
}

TEST(Contract, RegisterMapAgreesWithTheCard) {
  expect_agreement({});
  expect_agreement({{"tile.height", "4"}, {"tile.width", "16"}, {"numerics", "fp32"}});
}

TEST(Contract, WindowsAreCopiesOfOne) {
  EXPECT_EQ(single_registers().size() + 3 * H2_WINDOWS, registers().size());
  for (const Register& part : window_registers()) {
    for (std::uint32_t n = 0; n < H2_WINDOWS; ++n) {
      const std::uint32_t at = H2_REG_WINDOW_BASE(0) + part.offset + n * H2_WINDOW_STRIDE;
      ASSERT_NE(register_at(at), nullptr) << part.name << n;
      const Register& copy = *register_at(at);
      EXPECT_EQ(copy.name, "WINDOW" + std::to_string(n) + "_" + part.name);
      EXPECT_EQ(copy.access, part.access);
      ASSERT_EQ(copy.fields.size(), part.fields.size());
      for (std::size_t i = 0; i < part.fields.size(); ++i) {
        EXPECT_EQ(copy.fields[i].mask(), part.fields[i].mask());
      }
    }
  }
}

TEST(Contract, ManualNamesEverything) {
  for (const bool markdown : {false, true}) {
    const std::string manual = contract_manual({}, markdown);
#define H2_EXPECT_NAMED(name, ...) \
  EXPECT_NE(manual.find(" " #name " "), std::string::npos) << #name;
    H2_REGISTERS(H2_EXPECT_NAMED)
    H2_ERRORS(H2_EXPECT_NAMED)
    H2_OPCODES(H2_EXPECT_NAMED)
#undef H2_EXPECT_NAMED
#define H2_EXPECT_MEMBER(type, name, ...) \
  EXPECT_NE(manual.find(" " #name " "), std::string::npos) << #name;
    H2_DESCRIPTOR_FIELDS(H2_EXPECT_MEMBER)
    H2_COMPLETION_FIELDS(H2_EXPECT_MEMBER)
    H2_TABLE_FIELDS(H2_EXPECT_MEMBER)
    H2_LAYER_FIELDS(H2_EXPECT_MEMBER)
    H2_NEURON_FIELDS(H2_EXPECT_MEMBER)
#undef H2_EXPECT_MEMBER
    for (const char* constant : {"0x4832544C", "H2_TABLE_STATIC_ONCE", "H2_TENSOR_ALIGN"})
      EXPECT_NE(manual.find(constant), std::string::npos) << constant;
  }
}

TEST(Contract, EveryErrorHasAText) {
#define H2_EXPECT_TEXT(name, value, text) EXPECT_STREQ(h2_error_text(value), text);
  H2_ERRORS(H2_EXPECT_TEXT)
#undef H2_EXPECT_TEXT
  EXPECT_STREQ(h2_error_text(H2_DRV_NOT_FOUND), "no card, or another contract version");
  EXPECT_STREQ(h2_error_text(12345), "unknown error");
}

}  // namespace
}  // namespace h2
