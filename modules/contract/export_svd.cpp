// SPDX-License-Identifier: Apache-2.0
#include "modules/contract/export_text.h"
#include "modules/contract/h2_manual.h"
#include "modules/contract/xml_text.h"

namespace h2 {
namespace {

/// Number of the card's line at the processor of the RISC-V host: its machine external interrupt.
constexpr int kInterrupt = 11;

void add_field(XmlText& xml, const Register& r, const RegisterField& f) {
  xml.open("field");
  xml.leaf("name", f.name);
  xml.leaf("description", f.text + (f.self_clearing ? "; cleared by the card" : ""));
  xml.leaf("bitOffset", std::to_string(f.low));
  xml.leaf("bitWidth", std::to_string(f.bits));
  xml.leaf("access", r.access == H2_RO ? "read-only" : "read-write");
  if (r.access == H2_W1C) xml.leaf("modifiedWriteValues", "oneToClear");
  if (!f.values.empty()) {
    xml.open("enumeratedValues");
    for (const FieldValue& v : f.values) {
      xml.open("enumeratedValue");
      xml.leaf("name", v.name);
      xml.leaf("description", v.text);
      xml.leaf("value", std::to_string(v.value));
      xml.close();
    }
    xml.close();
  }
  xml.close();
}

void add_register(XmlText& xml, const Register& r, const BuiltFor& card) {
  xml.open("register");
  xml.leaf("name", r.name);
  xml.leaf("description", r.text);
  xml.leaf("addressOffset", hex(r.offset, 3));
  xml.leaf("size", "32");
  xml.leaf("access", r.access == H2_RO ? "read-only" : "read-write");
  xml.leaf("resetValue", hex(reset_value(r, card), 8));
  xml.leaf("resetMask", "0xFFFFFFFF");
  if (r.access == H2_W1C) xml.leaf("modifiedWriteValues", "oneToClear");
  xml.open("fields");
  for (const RegisterField& f : r.fields) add_field(xml, r, f);
  xml.close();
  xml.close();
}

void add_windows(XmlText& xml, const BuiltFor& card) {
  xml.open("cluster");
  xml.leaf("dim", std::to_string(H2_WINDOWS));
  xml.leaf("dimIncrement", hex(H2_WINDOW_STRIDE, 2));
  xml.leaf("name", "WINDOW[%s]");
  xml.leaf("description", "a window of the system address map that the card may reach");
  xml.leaf("addressOffset", hex(H2_REG_WINDOW_BASE(0), 3));
  for (const Register& r : window_registers()) add_register(xml, r, card);
  xml.close();
}

void add_peripheral(XmlText& xml, const BuiltFor& card) {
  xml.open("peripheral");
  xml.leaf("name", "H2LEARN");
  xml.leaf("version", contract_version());
  xml.leaf("description", "registers of the card; 32-bit accesses at multiples of 4 only");
  xml.leaf("baseAddress", hex(H2_REGS_BASE, 8));
  xml.open("addressBlock");
  xml.leaf("offset", "0x0");
  xml.leaf("size", hex(H2_REGS_SIZE, 4));
  xml.leaf("usage", "registers");
  xml.close();
  xml.open("interrupt");
  xml.leaf("name", "H2LEARN");
  xml.leaf("description",
           "level: up while a bit of IRQ_STATUS is set that is set in IRQ_MASK, too; the number is "
           "that of the machine external interrupt of the RISC-V host");
  xml.leaf("value", std::to_string(kInterrupt));
  xml.close();
  xml.open("registers");
  for (const Register& r : single_registers(card)) add_register(xml, r, card);
  add_windows(xml, card);
  xml.close();
  xml.close();
}

}  // namespace

std::string contract_svd(const BuiltFor& card) {
  XmlText xml;
  xml.open("device",
           " schemaVersion=\"1.3\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema-instance\" "
           "xs:noNamespaceSchemaLocation=\"CMSIS-SVD.xsd\"");
  xml.leaf("name", "h2learn");
  xml.leaf("version", contract_version());
  xml.leaf("description", "H2Learn card: trains spiking neural networks by BPTT");
  xml.leaf("addressUnitBits", "8");
  xml.leaf("width", "32");
  xml.open("peripherals");
  add_peripheral(xml, card);
  xml.close();
  xml.close();
  return xml.text();
}

}  // namespace h2
