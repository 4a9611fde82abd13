// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace h2 {

/// A named value of a field.
struct FieldValue {
  std::string name;
  std::uint32_t value = 0;
  std::string text;
};

/// A field of a register.
struct RegisterField {
  std::string name;
  unsigned low = 0, bits = 0;
  std::string text;
  std::vector<FieldValue> values;  ///< empty: any number
  bool self_clearing = false;      ///< the card sets it to 0 when what was asked for is done

  std::uint32_t mask() const { return (bits == 32 ? ~0U : (1U << bits) - 1U) << low; }
  std::uint32_t get(std::uint32_t value) const { return (value & mask()) >> low; }
  /// The name of the value that the register's `value` holds in this field, else the number.
  std::string show(std::uint32_t value) const;
};

/// A register as the contract's table describes it.
struct Register {
  std::string name;
  std::uint32_t offset = 0;
  int access = 0;  ///< H2_RO, H2_RW, H2_W1C
  std::uint32_t reset = 0;
  std::string text;
  std::vector<RegisterField> fields;  ///< never empty: a register without fields has VALUE
  bool constant = false;              ///< the value never changes
  bool card_writes = false;           ///< also where software does
};

/// What a card is built for: shows in three registers, and in those of its kind alone.
struct BuiltFor {
  std::uint32_t value_bytes = 2, tile_height = 8, tile_width = 8;
  std::uint32_t id = 0;  ///< 0: H2_ID
  std::uint32_t memories = 3;
  bool counts_memories = true;         ///< in CAPABILITIES
  std::uint32_t own_capabilities = 0;  ///< bits of CAPABILITIES that only its kind has
  std::uint64_t memory_bytes = 0;      ///< of each MemN
  std::vector<Register> own;           ///< that only this kind of accelerator has
};

/// All registers of the card in the order of the contract's table.
const std::vector<Register>& registers();
/// Those of a card that stand alone: of every card, then those of its kind.
std::vector<Register> single_registers(const BuiltFor& card);
/// Those of every card that stand alone, and those of one window with names and offsets inside the
/// window; the windows are H2_WINDOWS copies, H2_WINDOW_STRIDE bytes apart from the first.
std::vector<Register> single_registers();
std::vector<Register> window_registers();
/// Value after a reset of a card that is built for `card`.
std::uint32_t reset_value(const Register& reg, const BuiltFor& card);

/// Null if there is none at this offset of the register block.
const Register* register_at(std::uint32_t offset);

/// The name in enum h2_error, "OK" for 0, the number for a code that the contract does not have.
std::string error_name(std::uint32_t code);

}  // namespace h2
