// SPDX-License-Identifier: Apache-2.0
// The lanes come first: the arithmetic is written in terms of them.
// clang-format off
#include "modules/arithmetic/simd/lanes_avx512.inc"
#include "modules/arithmetic/simd/table_ops.inc"
#include "modules/arithmetic/simd/scaled_ops.inc"
// clang-format on

namespace h2 {

const VectorOps& avx512_ops(Numerics numerics) { return ops_of<ScaledFp16>(numerics); }

}  // namespace h2
