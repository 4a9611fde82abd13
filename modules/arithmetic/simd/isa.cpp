// SPDX-License-Identifier: Apache-2.0
#include "modules/arithmetic/simd/isa.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include "modules/base/error.h"
#ifdef H2_X86
#include <cpuid.h>
#endif

namespace h2 {

const VectorOps& plain_ops(Numerics numerics);
const VectorOps& avx2_ops(Numerics numerics);
const VectorOps& avx512_ops(Numerics numerics);
const VectorOps& avx512fp16_ops(Numerics numerics);

namespace {

/// What the kernels are compiled for, in ascending order.
struct Variant {
  Isa isa;
  const char* name;
  bool (*supported)();
  const VectorOps& (*ops)(Numerics);
};

bool always() { return true; }

#ifdef H2_X86
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#endif

#ifdef H2_AVX512FP16
bool has_avx512fp16() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return has_avx512() && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 &&
         (edx >> 23 & 1U) != 0;
}
#endif

const Variant kVariants[] = {
    {Isa::plain, "plain", always, plain_ops},
#ifdef H2_X86
    {Isa::avx2, "avx2", has_avx2, avx2_ops},
    {Isa::avx512, "avx512", has_avx512, avx512_ops},
#endif
#ifdef H2_AVX512FP16
    {Isa::avx512fp16, "avx512fp16", has_avx512fp16, avx512fp16_ops},
#endif
};

/// What the processor has of them; asking it again is not free.
const std::vector<const Variant*>& supported() {
  static const std::vector<const Variant*> found = [] {
    std::vector<const Variant*> list;
    for (const Variant& variant : kVariants) {
      if (variant.supported()) list.push_back(&variant);
    }
    return list;
  }();
  return found;
}

[[noreturn]] void refuse(const char* wanted) {
  std::string legal;
  for (const Variant* variant : supported()) {
    legal += std::string(legal.empty() ? "" : ", ") + variant->name;
  }
  throw InputError("environment variable H2_ISA = \"" + std::string(wanted) +
                   "\": legal on this machine: " + legal);
}

const Variant& selected() {
  const char* wanted = std::getenv("H2_ISA");
  if (wanted == nullptr || *wanted == '\0') return *supported().back();
  for (const Variant* variant : supported()) {
    if (std::strcmp(wanted, variant->name) == 0) return *variant;
  }
  refuse(wanted);
}

}  // namespace

const char* isa_name(Isa isa) {
  for (const Variant& variant : kVariants) {
    if (variant.isa == isa) return variant.name;
  }
  return "not in this build";
}

std::vector<Isa> supported_isas() {
  std::vector<Isa> found;
  for (const Variant* variant : supported()) found.push_back(variant->isa);
  return found;
}

Isa selected_isa() { return selected().isa; }

const VectorOps& selected_ops(Numerics numerics) { return selected().ops(numerics); }

}  // namespace h2
