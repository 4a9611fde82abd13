#include "modules/contract/h2_manual.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "modules/contract/h2_contract.h"

namespace h2 {
namespace {

struct Field {
  std::string reg, name;
  unsigned low, bits;
  std::string text;
};
struct Register {
  std::string name;
  std::uint32_t offset;
  int access;
  std::uint32_t reset;
  std::string text;
};
using Row = std::vector<std::string>;

std::vector<Register> registers() {
  return {
#define H2_ROW(name, offset, access, reset, text) \
  {#name, offset, access, static_cast<std::uint32_t>(reset), text},
      H2_REGISTERS(H2_ROW)
#undef H2_ROW
  };
}

/// Of a register; the windows are alike and share the fields of the first.
std::vector<Field> fields_of(const std::string& reg) {
  static const std::vector<Field> all{
#define H2_ROW(reg, field, low, bits, text) {#reg, #field, low, bits, text},
      H2_FIELDS(H2_ROW)
#undef H2_ROW
  };
  const bool window = reg.rfind("WINDOW", 0) == 0;
  const std::string wanted = window ? "WINDOW0" + reg.substr(7) : reg;
  std::vector<Field> own;
  for (const Field& f : all) {
    if (f.reg == wanted) own.push_back(f);
  }
  return own;
}

std::string hex(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%0*llX", digits, static_cast<unsigned long long>(value));
  return text;
}

std::string bits_of(const Field& f) {
  const unsigned high = f.low + f.bits - 1;
  return high == f.low ? std::to_string(high) : std::to_string(high) + ":" + std::to_string(f.low);
}

/// A heading and a table in either form.
std::string table(const std::string& title, const Row& head, const std::vector<Row>& rows,
                  bool markdown) {
  std::vector<std::size_t> width(head.size());
  for (std::size_t c = 0; c < head.size(); ++c) {
    width[c] = head[c].size();
    for (const Row& r : rows) width[c] = std::max(width[c], r[c].size());
  }
  const auto line = [&](const Row& r) {
    std::string text = markdown ? "|" : "";
    for (std::size_t c = 0; c < r.size(); ++c) {
      const std::string pad(width[c] - r[c].size(), ' ');
      text += markdown ? " " + r[c] + pad + " |" : r[c] + (c + 1 < r.size() ? pad + "  " : "");
    }
    return text + "\n";
  };
  std::string text = (markdown ? "## " : "") + title + "\n\n" + line(head);
  Row rule;
  for (const std::size_t w : width) rule.push_back(std::string(w, '-'));
  text += line(rule);
  for (const Row& r : rows) text += line(r);
  return text + "\n";
}

std::string register_table(bool markdown) {
  const char* const names[] = {"", "RO", "RW", "W1C"};
  std::vector<Row> rows;
  for (const Register& r : registers()) {
    rows.push_back({hex(r.offset, 3), r.name, "", names[r.access], hex(r.reset, 8), r.text});
    for (const Field& f : fields_of(r.name)) {
      rows.push_back({"", "  " + f.name, bits_of(f), "", "", f.text});
    }
  }
  return table("Registers, at " + hex(H2_REGS_BASE, 8) + ", 32 bits each",
               {"offset", "register", "bits", "access", "reset", "meaning"}, rows, markdown);
}

#define H2_MEMBER_ROW(type, name, offset, text) {std::to_string(offset), #name, #type, text},
#define H2_CODE_ROW(name, value, text) {std::to_string(value), #name, text},

std::string record_tables(bool markdown) {
  const Row head{"byte", "field", "type", "meaning"};
  return table("Descriptor, 64 bytes", head, {H2_DESCRIPTOR_FIELDS(H2_MEMBER_ROW)}, markdown) +
         table("Completion, 32 bytes", head, {H2_COMPLETION_FIELDS(H2_MEMBER_ROW)}, markdown) +
         table("Network table, header", head, {H2_TABLE_FIELDS(H2_MEMBER_ROW)}, markdown) +
         table("Network table, record of a layer", head, {H2_LAYER_FIELDS(H2_MEMBER_ROW)},
               markdown);
}

std::string code_tables(bool markdown) {
  const Row head{"code", "name", "meaning"};
  return table("Opcodes", head, {H2_OPCODES(H2_CODE_ROW)}, markdown) +
         table("Error codes, of completions and of the error queue", head,
               {{"0", "OK", "no error"}, H2_ERRORS(H2_CODE_ROW)}, markdown);
}

#undef H2_MEMBER_ROW
#undef H2_CODE_ROW

std::string rdl_field(const Field& f, const Register& r) {
  const char* const access[] = {"", "sw = r; hw = w;", "sw = rw; hw = r;",
                                "sw = rw; hw = rw; onwrite = woclr;"};
  const std::uint32_t mask = f.bits == 32 ? ~0U : (1U << f.bits) - 1U;
  return "    field { desc = \"" + f.text + "\"; " + access[r.access] + " } " + f.name + "[" +
         std::to_string(f.low + f.bits - 1) + ":" + std::to_string(f.low) +
         "] = " + hex((r.reset >> f.low) & mask, 1) + ";\n";
}

}  // namespace

std::string contract_manual(bool markdown) {
  std::vector<Row> map{{hex(H2_REGS_BASE, 10), "registers", "one block of 4 KiB"}};
  for (unsigned n = 0; n < 3; ++n) {
    map.push_back({hex(H2_MEM_BASE(n), 10), "mem" + std::to_string(n),
                   n < 2 ? "sub-batches, FP16 weights" : "gradients, FP32 master weights, rings"});
  }
  return std::string(markdown ? "# " : "") + "H2Learn card, contract version " +
         std::to_string(H2_VERSION >> 16) + "." + std::to_string(H2_VERSION & 0xFFFF) +
         "\n\nAll fields are little-endian.\n\n" +
         table("System address map", {"address", "target", "holds"}, map, markdown) +
         register_table(markdown) + record_tables(markdown) + code_tables(markdown);
}

std::string contract_systemrdl() {
  std::string text = "// H2Learn card, contract version " + std::to_string(H2_VERSION >> 16) + "." +
                     std::to_string(H2_VERSION & 0xFFFF) +
                     "\naddrmap h2learn {\n  name = \"H2Learn card\";\n  default regwidth = 32;\n"
                     "  default accesswidth = 32;\n  littleendian;\n  lsb0;\n\n";
  for (const Register& r : registers()) {
    std::vector<Field> fields = fields_of(r.name);
    if (fields.empty()) fields.push_back({r.name, "VALUE", 0, 32, r.text});
    text += "  reg {\n    desc = \"" + r.text + "\";\n";
    for (const Field& f : fields) text += rdl_field(f, r);
    text += "  } " + r.name + " @ " + hex(r.offset, 3) + ";\n";
  }
  return text + "};\n";
}

}  // namespace h2
