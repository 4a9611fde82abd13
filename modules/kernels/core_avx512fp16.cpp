// The lanes come first: the arithmetic is written in terms of them.
// clang-format off
#include "modules/kernels/lanes_avx512fp16.h"
#include "modules/kernels/core_table.h"
// clang-format on

namespace h2 {

const Core& avx512fp16_core(Numerics numerics) { return core_of<NativeFp16>(numerics); }

}  // namespace h2
