// The lanes come first: the arithmetic is written in terms of them.
// clang-format off
#include "modules/kernels/lanes_plain.h"
#include "modules/kernels/core_table.h"
// clang-format on

namespace h2 {

const Core& plain_core(Numerics numerics) { return core_of<Fp16>(numerics); }

}  // namespace h2
