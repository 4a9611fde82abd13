// SPDX-License-Identifier: Apache-2.0
#include "tests/spinaps/scalar_model.h"

#include <cmath>

namespace h2 {
namespace {

unsigned threshold(long u, double scale) {
  long i = std::lround(std::floor(8.0 * static_cast<double>(u) / scale)) + 128;
  if (i < 0) i = 0;
  if (i > 255) i = 255;
  const long double s = 1.0L / (1.0L + std::exp(-(i - 127.5L) / 8.0L));
  const long value = std::lround(65536.0L * s);
  return static_cast<unsigned>(value > 65535 ? 65535 : value);
}

}  // namespace

ScalarAnswer scalar_answer(const ScalarNetwork& n, const std::vector<std::vector<int>>& x,
                           unsigned base_seed, unsigned long sample, int deadline, bool early_stop,
                           bool largest) {
  unsigned g = (base_seed + sample) & 65535;
  if (g == 0) g = 0xACE1;
  ScalarAnswer a;
  std::vector<long> u(n.classes);
  for (int t = 0; t < deadline; ++t) {
    for (int c = 0; c < n.classes; ++c) u[c] = n.gamma[c];
    for (int d = 1; d <= n.tau && t - d >= 0; ++d) {
      for (int j = 0; j < n.inputs; ++j) {
        if (x[t - d][j] == 0) continue;
        ++a.rows;
        for (int c = 0; c < n.classes; ++c) u[c] += n.q[((d - 1) * n.inputs + j) * n.classes + c];
      }
    }
    int best = -1;
    for (int c = 0; c < n.classes; ++c) {
      g ^= g << 7 & 65535;
      g ^= g >> 9;
      g ^= g << 8 & 65535;
      if (g < threshold(u[c], n.scale) && (best < 0 || u[c] > u[best])) best = c;
    }
    ++a.steps;
    if (best >= 0 && a.step == 0) {
      a.winner = best;
      a.step = t + 1;
      a.u = u[best];
      if (early_stop) return a;
    }
  }
  if (a.step != 0) return a;
  int best = 0;
  for (int c = 1; c < n.classes; ++c) best = u[c] > u[best] ? c : best;
  a.winner = largest ? best : -1;
  a.u = largest ? u[best] : u[0];
  return a;
}

}  // namespace h2
