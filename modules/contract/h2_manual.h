// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "modules/contract/register_map.h"

namespace h2 {

/// The contract for people: address map, registers with fields, descriptor, completion, network
/// table and error codes, generated from h2_contract.h. Plain text or Markdown.
std::string contract_manual(const BuiltFor& card, bool markdown);

// The register block for tools, from the same table; reset values are those of `card`.

/// SystemRDL 2.0.
std::string contract_systemrdl(const BuiltFor& card);
/// CMSIS-SVD 1.3.
std::string contract_svd(const BuiltFor& card);
/// IP-XACT, IEEE 1685-2014.
std::string contract_ipxact(const BuiltFor& card);
/// Macros of registers, fields and values in C, without any other header.
std::string contract_header(const BuiltFor& card);
/// Device-tree binding (YAML, for dt-schema) with a node as an example.
std::string contract_devicetree(const BuiltFor& card);

}  // namespace h2
