// SPDX-License-Identifier: Apache-2.0
#include "modules/contract/h2_manual.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "modules/contract/export_text.h"
#include "modules/contract/h2_contract.h"

namespace h2 {
namespace {

using Row = std::vector<std::string>;

std::string bits_of(const RegisterField& f) {
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

std::string register_table(const BuiltFor& card, bool markdown) {
  const char* const names[] = {"", "RO", "RW", "W1C"};
  std::vector<Row> rows;
  std::vector<Register> all = registers();
  all.insert(all.end(), card.own.begin(), card.own.end());
  for (const Register& r : all) {
    rows.push_back(
        {hex(r.offset, 3), r.name, "", names[r.access], hex(reset_value(r, card), 8), r.text});
    for (const RegisterField& f : r.fields) {
      if (f.name == "VALUE") continue;  // the register itself
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
         table("Network table, header, 80 bytes", head, {H2_TABLE_FIELDS(H2_MEMBER_ROW)},
               markdown) +
         table(
             "Network table, record of a layer, 112 bytes; tensors by their offsets from the base "
             "of the descriptor's Mem0 or Mem1, the last four from Mem2",
             head, {H2_LAYER_FIELDS(H2_MEMBER_ROW)}, markdown) +
         table("Network table, one neuron per layer behind the records, 24 bytes (flag 2)", head,
               {H2_NEURON_FIELDS(H2_MEMBER_ROW)}, markdown);
}

std::string constant_table(bool markdown) {
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  return table(
      "Constants", {"value", "name", "meaning"},
      {{hex(H2_ID, 8), "H2_ID", "of every H2Learn card"},
       {number(H2_DESCRIPTOR_VERSION), "H2_DESCRIPTOR_VERSION", "first byte of a descriptor"},
       {hex(H2_TABLE_MAGIC, 8), "H2_TABLE_MAGIC", "begins a network table"},
       {number(H2_TABLE_VERSION), "H2_TABLE_VERSION", ""},
       {number(H2_TABLE_STATIC_ONCE), "H2_TABLE_STATIC_ONCE",
        "flag of a table: the sum over a static input is charged once, not per timestep"},
       {number(H2_LAYER_GROUPED), "H2_LAYER_GROUPED",
        "flag of a fully connected layer: grad-w is computed behind the last sub-batch of a group"},
       {number(H2_LAYER_MAX_POOL), "H2_LAYER_MAX_POOL",
        "flag of a convolution: the largest of four spikes is handed on; an extension"},
       {number(H2_LAYER_BIAS), "H2_LAYER_BIAS",
        "flag of a layer: the last of its input channels is 1 everywhere and not in memory"},
       {number(H2_LAYER_READOUT), "H2_LAYER_READOUT",
        "flag of the last layer: potentials are the outputs; an extension"},
       {number(H2_MOST_SLOTS), "H2_MOST_SLOTS",
        "most sub-batches before it, from bit 8 of the table's flags on"},
       {number(H2_MAX_LAYERS), "H2_MAX_LAYERS", "most records of a network table"},
       {number(H2_TENSOR_ALIGN), "H2_TENSOR_ALIGN",
        "rings, tables and tensors begin at multiples of it"},
       {number(H2_WINDOW_PAGE), "H2_WINDOW_PAGE", "unit of WINDOWn_BASE and LIMIT"},
       {number(H2_ERROR_QUEUE), "H2_ERROR_QUEUE", "entries of the error queue"}},
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

}  // namespace

std::string contract_manual(const BuiltFor& card, bool markdown) {
  std::vector<Row> map{{hex(H2_REGS_BASE, 10), "registers", "one block of 4 KiB"}};
  for (unsigned n = 0; n < card.memories; ++n) {
    map.push_back({hex(H2_MEM_BASE(n), 10), "mem" + std::to_string(n),
                   card.memories == 1 ? "every tensor, rings"
                   : n < 2            ? "sub-batches, FP16 weights"
                                      : "gradients, FP32 master weights, rings"});
  }
  map.push_back({hex(H2_HOST_MEM_BASE, 10), "host memory", "rings, if the driver puts them there"});
  return std::string(markdown ? "# " : "") + "H2Learn card, contract version " +
         contract_version() + "\n\nAll fields are little-endian.\n\n" +
         table("System address map", {"address", "target", "holds"}, map, markdown) +
         register_table(card, markdown) + record_tables(markdown) + code_tables(markdown) +
         constant_table(markdown);
}

}  // namespace h2
