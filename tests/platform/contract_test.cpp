#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "modules/contract/h2_manual.h"
#include "tests/platform/on_card.h"

// What is printed of the contract is what the card does.

namespace h2 {
namespace {

struct Exported {
  std::uint32_t offset = 0, reset = 0;
  bool writable = false;
  std::uint32_t bits = 0;  ///< covered by fields
};

/// Reads the SystemRDL back.
std::map<std::string, Exported> exported() {
  const std::string rdl = contract_systemrdl();
  const std::regex reg(R"(reg \{([^@]*)\} (\w+) @ 0x([0-9A-F]+);)");
  const std::regex field(R"(sw = (\w+);[^\[]*\[(\d+):(\d+)\] = 0x([0-9A-F]+);)");
  std::map<std::string, Exported> all;
  for (std::sregex_iterator r(rdl.begin(), rdl.end(), reg), end; r != end; ++r) {
    Exported e;
    e.offset = static_cast<std::uint32_t>(std::stoul((*r)[3], nullptr, 16));
    const std::string body = (*r)[1];
    for (std::sregex_iterator f(body.begin(), body.end(), field); f != end; ++f) {
      const unsigned high = static_cast<unsigned>(std::stoul((*f)[2]));
      const unsigned low = static_cast<unsigned>(std::stoul((*f)[3]));
      for (unsigned b = low; b <= high; ++b) {
        EXPECT_EQ(e.bits >> b & 1U, 0U) << (*r)[2] << " fields overlap";
        e.bits |= 1U << b;
      }
      e.reset |= static_cast<std::uint32_t>(std::stoul((*f)[4], nullptr, 16)) << low;
      e.writable = (*f)[1] == "rw";
    }
    all[(*r)[2]] = e;
  }
  return all;
}

TEST(Contract, ExportAgreesWithTheCard) {
  const auto registers = exported();
  EXPECT_EQ(registers.size(), 24U + 3 * H2_WINDOWS);
  const std::set<std::string> built{"CAPABILITIES", "TILE", "MEMORY_SIZE"};
  on_card([&](Card& card, const Config&) {
    EXPECT_TRUE(card.write_reg(H2_REG_CONTROL, H2_CONTROL_RESET));
    while (card.reg(H2_REG_CONTROL) != 0) {
    }
    for (const auto& [name, r] : registers) {
      SCOPED_TRACE(name);
      const std::uint32_t value = card.reg(r.offset);
      EXPECT_TRUE(built.count(name) != 0 || value == r.reset) << value;
      EXPECT_EQ(value & ~r.bits, 0U) << "a bit without a field";
      if (r.writable) continue;
      EXPECT_FALSE(card.write_reg(r.offset, value));
      EXPECT_TRUE(card.write_reg(H2_REG_IRQ_STATUS, H2_IRQ_ERROR));
    }
    for (std::uint32_t offset = 0; offset < H2_REGS_SIZE; offset += 4) {
      const bool known = std::any_of(registers.begin(), registers.end(),
                                     [&](const auto& r) { return r.second.offset == offset; });
      std::uint32_t value = 0;
      EXPECT_EQ(card.read(H2_REGS_BASE + offset, &value, 4), known) << std::hex << offset;
    }
  });
}

TEST(Contract, ManualNamesEverything) {
  for (const bool markdown : {false, true}) {
    const std::string manual = contract_manual(markdown);
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
#undef H2_EXPECT_MEMBER
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
