// SPDX-License-Identifier: Apache-2.0
#include "modules/contract/register_map.h"

#include "modules/contract/h2_register_details.h"

namespace h2 {
namespace {

constexpr const char* kWindow = "WINDOW";

std::vector<FieldValue> error_values() {
  return {{"OK", 0, "no error"},
#define H2_ROW(name, value, text) {#name, value, text},
          H2_ERRORS(H2_ROW)
#undef H2_ROW
  };
}

struct NamedField {
  std::string reg;
  RegisterField field;
};

std::vector<NamedField> field_table() {
  return {
#define H2_ROW(reg, field, low, bits, text) {#reg, {#field, low, bits, text, {}, false}},
      H2_FIELDS(H2_ROW)
#undef H2_ROW
  };
}

struct NamedValue {
  std::string reg, field;
  FieldValue value;
};

std::vector<NamedValue> value_table() {
  return {
#define H2_ROW(reg, field, name, value, text) {#reg, #field, {#name, value, text}},
      H2_FIELD_VALUES(H2_ROW)
#undef H2_ROW
  };
}

bool is_constant(const std::string& reg) {
#define H2_ROW(name) \
  if (reg == #name) return true;
  H2_CONSTANT_REGISTERS(H2_ROW)
#undef H2_ROW
  return false;
}

bool is_card_written(const std::string& reg, int access) {
#define H2_ROW(name) \
  if (reg == #name) return true;
  H2_CARD_WRITTEN_REGISTERS(H2_ROW)
#undef H2_ROW
  return access != H2_RW && !is_constant(reg);
}

bool is_self_clearing(const std::string& reg, const std::string& field) {
#define H2_ROW(r, f) \
  if (reg == #r && field == #f) return true;
  H2_SELF_CLEARING_FIELDS(H2_ROW)
#undef H2_ROW
  return false;
}

/// The windows are alike and share the fields of the first.
std::string key_of(const std::string& reg) {
  return reg.rfind("WINDOW", 0) == 0 ? "WINDOW0" + reg.substr(7) : reg;
}

std::vector<Register> build() {
  std::vector<Register> all{
#define H2_ROW(name, offset, access, reset, text) \
  {#name,                                         \
   offset,                                        \
   access,                                        \
   static_cast<std::uint32_t>(reset),             \
   text,                                          \
   {},                                            \
   is_constant(#name),                            \
   is_card_written(#name, access)},
      H2_REGISTERS(H2_ROW)
#undef H2_ROW
  };
  const std::vector<NamedField> fields = field_table();
  for (Register& r : all) {
    for (const NamedField& f : fields) {
      if (f.reg == key_of(r.name)) r.fields.push_back(f.field);
    }
    if (r.fields.empty()) r.fields.push_back({"VALUE", 0, 32, r.text, {}, false});
    for (RegisterField& f : r.fields) {
      f.self_clearing = is_self_clearing(r.name, f.name);
      for (const NamedValue& v : value_table()) {
        if (v.reg == r.name && v.field == f.name) f.values.push_back(v.value);
      }
    }
    if (r.offset == H2_REG_ERROR) r.fields.front().values = error_values();
  }
  return all;
}

}  // namespace

std::string RegisterField::show(std::uint32_t value) const {
  const std::uint32_t own = get(value);
  for (const FieldValue& v : values) {
    if (v.value == own) return v.name;
  }
  return std::to_string(own);
}

const std::vector<Register>& registers() {
  static const std::vector<Register> all = build();
  return all;
}

std::vector<Register> single_registers() {
  std::vector<Register> singles;
  for (const Register& r : registers()) {
    if (r.name.rfind(kWindow, 0) != 0) singles.push_back(r);
  }
  return singles;
}

std::vector<Register> single_registers(const BuiltFor& card) {
  std::vector<Register> singles = single_registers();
  singles.insert(singles.end(), card.own.begin(), card.own.end());
  return singles;
}

std::vector<Register> window_registers() {
  const std::string first = std::string(kWindow) + "0_";
  std::vector<Register> parts;
  for (Register r : registers()) {
    if (r.name.rfind(first, 0) != 0) continue;
    r.name = r.name.substr(first.size());
    r.offset -= H2_REG_WINDOW_BASE(0);
    parts.push_back(r);
  }
  return parts;
}

std::uint32_t reset_value(const Register& reg, const BuiltFor& card) {
  if (!reg.constant) return reg.reset;
  switch (reg.offset) {
    case H2_REG_ID:
      return card.id != 0 ? card.id : reg.reset;
    case H2_REG_CAPABILITIES:
      return H2_PUT(CAPABILITIES, VALUE_BYTES, card.value_bytes) |
             H2_PUT(CAPABILITIES, WINDOWS, H2_WINDOWS) |
             H2_PUT(CAPABILITIES, MEMORIES, card.counts_memories ? card.memories : 0) |
             H2_PUT(CAPABILITIES, RING_MAX, H2_RING_MAX) | card.own_capabilities;
    case H2_REG_TILE:
      return H2_PUT(TILE, HEIGHT, card.tile_height) | H2_PUT(TILE, WIDTH, card.tile_width);
    case H2_REG_MEMORY_SIZE:
      return static_cast<std::uint32_t>(card.memory_bytes >> 20);
    default:
      return reg.reset;
  }
}

const Register* register_at(std::uint32_t offset) {
  for (const Register& r : registers()) {
    if (r.offset == offset) return &r;
  }
  return nullptr;
}

std::string error_name(std::uint32_t code) {
  for (const FieldValue& v : error_values()) {
    if (v.value == code) return v.name;
  }
  return std::to_string(code);
}

}  // namespace h2
