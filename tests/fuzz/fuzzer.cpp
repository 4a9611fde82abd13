// SPDX-License-Identifier: Apache-2.0
// For libFuzzer: H2_FUZZ_TARGET in the environment names the target.

#include <cstdlib>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const char* const target = std::getenv("H2_FUZZ_TARGET");
  h2::fuzz_one(target == nullptr ? "" : target, data, size);
  return 0;
}
