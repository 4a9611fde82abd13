// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>

namespace h2 {

/// Forces an instruction set for the kernels constructed while it exists.
class IsaGuard {
 public:
  explicit IsaGuard(const char* name) { setenv("H2_ISA", name, 1); }
  ~IsaGuard() { unsetenv("H2_ISA"); }
  IsaGuard(const IsaGuard&) = delete;
  IsaGuard& operator=(const IsaGuard&) = delete;
};

}  // namespace h2
