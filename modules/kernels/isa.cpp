#include "modules/kernels/isa.h"

#include <cstdlib>
#include <string>

#include "modules/error.h"

namespace h2 {

const Core& plain_core(Numerics numerics);
#ifdef H2_HAVE_AVX2
const Core& avx2_core(Numerics numerics);
#endif

const char* isa_name(Isa isa) { return isa == Isa::avx2 ? "avx2" : "plain"; }

std::vector<Isa> supported_isas() {
  std::vector<Isa> found{Isa::plain};
#ifdef H2_HAVE_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) found.push_back(Isa::avx2);
#endif
  return found;
}

Isa selected_isa() {
  const std::vector<Isa> supported = supported_isas();
  const char* wanted = std::getenv("H2_ISA");
  if (wanted == nullptr || *wanted == '\0') return supported.back();
  std::string legal;
  for (const Isa isa : supported) {
    if (std::string(wanted) == isa_name(isa)) return isa;
    legal += std::string(legal.empty() ? "" : ", ") + isa_name(isa);
  }
  throw InputError("environment variable H2_ISA = \"" + std::string(wanted) +
                   "\": legal on this machine: " + legal);
}

const Core& selected_core(Numerics numerics) {
#ifdef H2_HAVE_AVX2
  if (selected_isa() == Isa::avx2) return avx2_core(numerics);
#else
  selected_isa();
#endif
  return plain_core(numerics);
}

}  // namespace h2
