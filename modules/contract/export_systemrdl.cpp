// SPDX-License-Identifier: Apache-2.0
#include "modules/contract/export_text.h"
#include "modules/contract/h2_manual.h"

namespace h2 {
namespace {

/// Who reads and writes a field, and what a write does.
std::string access_of(const Register& r, const RegisterField& f) {
  if (r.constant) return "sw = r; hw = na;";
  if (r.access == H2_RO) return "sw = r; hw = w;";
  if (r.access == H2_RW && f.self_clearing) return "sw = rw; hw = rw; hwclr;";
  if (r.access == H2_RW) return r.card_writes ? "sw = rw; hw = rw;" : "sw = rw; hw = r;";
  // Reasons of the interrupt. An error stays as long as its queue is not empty: clearing drops one.
  const bool level = f.name == "ERROR";
  return std::string("sw = rw; hw = w; onwrite = woclr; stickybit; ") +
         (level ? "level" : "posedge") + " intr;";
}

std::string enum_name(const Register& r, const RegisterField& f) {
  return r.name + "_" + f.name + "_values";
}

std::string enums_of(const Register& r) {
  std::string text;
  for (const RegisterField& f : r.fields) {
    if (f.values.empty()) continue;
    text += "  enum " + enum_name(r, f) + " {\n";
    for (const FieldValue& v : f.values) {
      text += "    " + v.name + " = " + std::to_string(f.bits) + "'d" + std::to_string(v.value) +
              " { desc = \"" + v.text + "\"; };\n";
    }
    text += "  };\n";
  }
  return text;
}

std::string field_of(const Register& r, const RegisterField& f, std::uint32_t reset) {
  std::string text = "field { desc = \"" + f.text + "\"; " + access_of(r, f);
  if (!f.values.empty()) text += " encode = " + enum_name(r, f) + ";";
  return text + " } " + f.name + "[" + std::to_string(f.low + f.bits - 1) + ":" +
         std::to_string(f.low) + "] = " + hex(f.get(reset), 1) + ";\n";
}

std::string register_of(const Register& r, std::uint32_t reset, const std::string& indent) {
  std::string text = indent + "reg {\n" + indent + "  desc = \"" + r.text + "\";\n";
  for (const RegisterField& f : r.fields) text += indent + "  " + field_of(r, f, reset);
  return text + indent + "} " + r.name + " @ " + hex(r.offset, 3) + ";\n";
}

std::string windows(const BuiltFor& card) {
  std::string text =
      "  regfile {\n    desc = \"a window of the system address map that the card "
      "may reach; all are closed after reset\";\n";
  for (const Register& r : window_registers()) text += register_of(r, reset_value(r, card), "    ");
  return text + "  } WINDOW[" + std::to_string(H2_WINDOWS) + "] @ " +
         hex(H2_REG_WINDOW_BASE(0), 3) + " += " + hex(H2_WINDOW_STRIDE, 2) + ";\n";
}

}  // namespace

std::string contract_systemrdl(const BuiltFor& card) {
  std::string text =
      "// H2Learn card, contract version " + contract_version() +
      "\n\n// Bytes that the block takes in the address map; behind the last register nothing "
      "answers.\nproperty block_bytes { component = addrmap; type = longint unsigned; };\n\n"
      "addrmap h2learn {\n  name = \"H2Learn card\";\n"
      "  desc = \"registers, at " +
      hex(H2_REGS_BASE, 8) +
      " of the system address map\";\n  block_bytes = " + hex(H2_REGS_SIZE, 4) +
      ";\n  default regwidth = 32;\n  default accesswidth = 32;\n  littleendian;\n  lsb0;\n\n";
  for (const Register& r : single_registers(card)) text += enums_of(r);
  text += "\n";
  for (const Register& r : single_registers(card))
    text += register_of(r, reset_value(r, card), "  ");
  text += windows(card) + "\n  // The line is a level: up while a reason is set and not masked.\n";
  for (const RegisterField& f : register_at(H2_REG_IRQ_STATUS)->fields) {
    text += "  IRQ_STATUS." + f.name + "->enable = IRQ_MASK." + f.name + ";\n";
  }
  return text + "};\n";
}

}  // namespace h2
