// SPDX-License-Identifier: Apache-2.0
#include <cinttypes>

#include "modules/contract/export_text.h"
#include "modules/contract/h2_manual.h"

namespace h2 {
namespace {

/// Two cells of an address or a size.
std::string cells(std::uint64_t value) {
  char text[48];
  std::snprintf(text, sizeof text, "0x%" PRIx64 " 0x%08" PRIx64, value >> 32, value & 0xFFFFFFFFU);
  return text;
}

std::string node(const BuiltFor& card) {
  std::string text = "    accelerator@" + hex(H2_REGS_BASE, 8).substr(2) +
                     " {\n      compatible = \"h2learn,card-" + contract_version() +
                     "\";\n      reg = <" + cells(H2_REGS_BASE) + " " + cells(H2_REGS_SIZE) + ">";
  for (unsigned n = 0; n < card.memories; ++n) {
    text += ",\n            <" + cells(H2_MEM_BASE(n)) + " " + cells(card.memory_bytes) + ">";
  }
  text += ";\n      reg-names = \"registers\"";
  for (unsigned n = 0; n < card.memories; ++n) text += ", \"mem" + std::to_string(n) + "\"";
  return text + ";\n      interrupt-parent = <&cpu0_intc>;\n      interrupts = <11>;\n    };\n";
}

/// What MemN holds: of a card with one memory everything.
std::string memory_text(const BuiltFor& card, unsigned n) {
  if (card.memories == 1) return "all tensors and rings";
  return n == 2 ? "gradients, master weights, rings" : "sub-batches and weights";
}

std::string memory_items(const BuiltFor& card) {
  std::string text;
  for (unsigned n = 0; n < card.memories; ++n) {
    text += "      - description: Mem" + std::to_string(n) + ", " + memory_text(card, n) + "\n";
  }
  text += "\n  reg-names:\n    items:\n      - const: registers\n";
  for (unsigned n = 0; n < card.memories; ++n) {
    text += "      - const: mem" + std::to_string(n) + "\n";
  }
  return text;
}

}  // namespace

std::string contract_devicetree(const BuiltFor& card) {
  const std::string compatible = "h2learn,card-" + contract_version();
  return "# Device-tree binding of the H2Learn card\n%YAML 1.2\n---\n"
         "$id: http://devicetree.org/schemas/misc/h2learn,card.yaml#\n"
         "$schema: http://devicetree.org/meta-schemas/core.yaml#\n\n"
         "title: H2Learn card\n\n"
         "maintainers:\n  - H2Learn-VP authors <h2learn-vp@example.org>\n\n"
         "description:\n  Trains spiking neural networks by backpropagation through time. The "
         "interrupt is a\n  level. Registers take aligned 32-bit accesses only, all fields are "
         "little-endian.\n\n"
         "properties:\n  compatible:\n    const: " +
         compatible +
         "\n\n  reg:\n    items:\n"
         "      - description: register block\n" +
         memory_items(card) +
         "\n  interrupts:\n    maxItems: 1\n\n"
         "required:\n  - compatible\n  - reg\n  - reg-names\n  - interrupts\n\n"
         "additionalProperties: false\n\nexamples:\n  - |\n" +
         node(card);
}

}  // namespace h2
