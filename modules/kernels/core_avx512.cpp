// The lanes come first: the arithmetic is written in terms of them.
// clang-format off
#include "modules/kernels/lanes_avx512.h"
#include "modules/kernels/core_table.h"
#include "modules/kernels/core_scaled.h"
// clang-format on

namespace h2 {

const Core& avx512_core(Numerics numerics) { return core_of<ScaledFp16>(numerics); }

}  // namespace h2
