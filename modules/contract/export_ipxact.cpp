// SPDX-License-Identifier: Apache-2.0
#include "modules/contract/export_text.h"
#include "modules/contract/h2_manual.h"
#include "modules/contract/xml_text.h"

namespace h2 {
namespace {

constexpr const char* kNamespace = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014";

std::string tag(const char* name) { return std::string("ipxact:") + name; }

void add_field(XmlText& xml, const Register& r, const RegisterField& f, std::uint32_t reset) {
  xml.open(tag("field"));
  xml.leaf(tag("name"), f.name);
  xml.leaf(tag("description"), f.text);
  xml.leaf(tag("bitOffset"), std::to_string(f.low));
  xml.open(tag("resets"));
  xml.open(tag("reset"));
  xml.leaf(tag("value"), hex(f.get(reset), 1));
  xml.close();
  xml.close();
  xml.leaf(tag("bitWidth"), std::to_string(f.bits));
  // What the card changes by itself.
  const bool card_writes = f.self_clearing || r.card_writes;
  xml.leaf(tag("volatile"), card_writes ? "true" : "false");
  xml.leaf(tag("access"), r.access == H2_RO ? "read-only" : "read-write");
  if (!f.values.empty()) {
    xml.open(tag("enumeratedValues"));
    for (const FieldValue& v : f.values) {
      xml.open(tag("enumeratedValue"));
      xml.leaf(tag("name"), v.name);
      xml.leaf(tag("description"), v.text);
      xml.leaf(tag("value"), std::to_string(v.value));
      xml.close();
    }
    xml.close();
  }
  if (r.access == H2_W1C) xml.leaf(tag("modifiedWriteValue"), "oneToClear");
  xml.close();
}

void add_register(XmlText& xml, const Register& r, const BuiltFor& card) {
  xml.open(tag("register"));
  xml.leaf(tag("name"), r.name);
  xml.leaf(tag("description"), r.text);
  xml.leaf(tag("addressOffset"), hex(r.offset, 3));
  xml.leaf(tag("size"), "32");
  for (const RegisterField& f : r.fields) add_field(xml, r, f, reset_value(r, card));
  xml.close();
}

void add_windows(XmlText& xml, const BuiltFor& card) {
  xml.open(tag("registerFile"));
  xml.leaf(tag("name"), "WINDOW");
  xml.leaf(tag("description"), "a window of the system address map that the card may reach");
  xml.leaf(tag("dim"), std::to_string(H2_WINDOWS));
  xml.leaf(tag("addressOffset"), hex(H2_REG_WINDOW_BASE(0), 3));
  xml.leaf(tag("range"), hex(H2_WINDOW_STRIDE, 2));
  for (const Register& r : window_registers()) add_register(xml, r, card);
  xml.close();
}

}  // namespace

std::string contract_ipxact(const BuiltFor& card) {
  XmlText xml;
  xml.open(tag("component"),
           std::string(R"( xmlns:ipxact=")") + kNamespace +
               R"(" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation=")" +
               kNamespace + " " + kNamespace + "/index.xsd\"");
  xml.leaf(tag("vendor"), "h2learn");
  xml.leaf(tag("library"), "cards");
  xml.leaf(tag("name"), "h2learn");
  xml.leaf(tag("version"), contract_version());
  xml.open(tag("memoryMaps"));
  xml.open(tag("memoryMap"));
  xml.leaf(tag("name"), "registers");
  xml.open(tag("addressBlock"));
  xml.leaf(tag("name"), "h2learn");
  xml.leaf(tag("description"), "registers of the card; 32-bit accesses at multiples of 4 only");
  xml.leaf(tag("baseAddress"), hex(H2_REGS_BASE, 8));
  xml.leaf(tag("range"), hex(H2_REGS_SIZE, 4));
  xml.leaf(tag("width"), "32");
  xml.leaf(tag("usage"), "register");
  for (const Register& r : single_registers(card)) add_register(xml, r, card);
  add_windows(xml, card);
  xml.close();
  xml.leaf(tag("addressUnitBits"), "8");
  xml.close();
  xml.close();
  xml.leaf(tag("description"),
           "H2Learn card: trains spiking neural networks by BPTT. Its interrupt "
           "is a level, up while a bit is set in both IRQ_STATUS and IRQ_MASK.");
  xml.close();
  return xml.text();
}

}  // namespace h2
