#pragma once

#include <string>

namespace h2 {

/// The contract for people: address map, registers with fields, descriptor, completion, network
/// table and error codes, generated from h2_contract.h. Plain text or Markdown.
std::string contract_manual(bool markdown);

/// The registers as SystemRDL 2.0, for RTL and verification tools.
std::string contract_systemrdl();

}  // namespace h2
