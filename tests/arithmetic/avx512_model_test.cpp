// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "modules/arithmetic/simd/isa.h"

namespace h2 {
namespace {

/// What the other tests of this executable rely on: they go through all of these.
TEST(Avx512Model, ItsVariantsAreAmongTheSupportedOnes) {
  const std::vector<Isa> isas = supported_isas();
  if (isas.size() < 2) GTEST_SKIP() << "a processor without AVX2";
  EXPECT_EQ(isas, (std::vector<Isa>{Isa::plain, Isa::avx2, Isa::avx512, Isa::avx512fp16}));
}

}  // namespace
}  // namespace h2
