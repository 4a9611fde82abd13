// SPDX-License-Identifier: Apache-2.0
#include "platform/host/player/card_text.h"

#include "modules/contract/h2_contract.h"
#include "modules/contract/register_map.h"
#include "platform/host/player/hex_text.h"

namespace h2 {
namespace {

const Register* register_of(std::uint64_t address) {
  const std::uint64_t offset = address - H2_REGS_BASE;
  return offset < H2_REGS_SIZE ? register_at(static_cast<std::uint32_t>(offset)) : nullptr;
}

std::uint32_t value_of(HostCpu& host, std::uint32_t offset) {
  std::uint32_t value = 0;
  host.debug(tlm::TLM_READ_COMMAND, H2_REGS_BASE + offset, &value, sizeof value);
  return value;
}

/// Names of the fields that are not 0.
std::string set_fields(std::uint32_t offset, std::uint32_t value) {
  std::string names;
  for (const RegisterField& f : register_at(offset)->fields) {
    if (f.get(value) != 0) names += (names.empty() ? "" : " and ") + f.name;
  }
  return names.empty() ? "nothing" : names;
}

}  // namespace

std::string place_text(std::uint64_t address) {
  const Register* reg = register_of(address);
  return hex_text(address, 8) + (reg != nullptr ? " (" + reg->name + ")" : "");
}

std::string difference_text(std::uint64_t address, std::uint32_t got, std::uint32_t expected,
                            std::uint32_t mask) {
  const Register* reg = register_of(address);
  if (reg == nullptr) return "";
  std::string text;
  for (const RegisterField& f : reg->fields) {
    if (f.name == "VALUE" && f.values.empty()) continue;
    if (((got ^ expected) & mask & f.mask()) == 0) continue;
    text += (text.empty() ? ": " : ", ") + reg->name + "." + f.name + " is " + f.show(got) +
            ", expected " + f.show(expected);
  }
  return text;
}

std::string error_text(HostCpu& host) {
  const std::uint32_t code = value_of(host, H2_REG_ERROR);
  if (code == H2_OK) return "";
  const std::uint32_t tag = value_of(host, H2_REG_ERROR_TAG);
  const std::string text = "; ERROR = " + error_name(code) + ", ";
  // These two are about registers, RING about a register or a descriptor, the others about the
  // latter.
  const bool about_register = code == H2_ERR_REGISTER || code == H2_ERR_DOORBELL;
  const Register* reg = about_register || code == H2_ERR_RING ? register_at(tag) : nullptr;
  if (about_register) return text + "register " + (reg != nullptr ? reg->name : hex_text(tag, 3));
  return text + "tag " + std::to_string(tag) + (reg != nullptr ? " or register " + reg->name : "");
}

std::string interrupt_text(HostCpu& host) {
  return "IRQ_STATUS = " + set_fields(H2_REG_IRQ_STATUS, value_of(host, H2_REG_IRQ_STATUS)) +
         ", IRQ_MASK = " + set_fields(H2_REG_IRQ_MASK, value_of(host, H2_REG_IRQ_MASK));
}

}  // namespace h2
