// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "modules/arithmetic/simd/vector_ops.h"

namespace h2 {

const char* isa_name(Isa isa);

/// Instruction sets that this build and this processor have, best last.
std::vector<Isa> supported_isas();

/// The best supported one, or the one named by the environment variable H2_ISA. All give the same
/// bits under fp16. Throws InputError when H2_ISA names an unknown or unsupported one.
Isa selected_isa();

/// Arithmetic of the selected instruction set.
const VectorOps& selected_ops(Numerics numerics);

}  // namespace h2
