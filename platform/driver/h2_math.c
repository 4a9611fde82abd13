// SPDX-License-Identifier: Apache-2.0
#include "platform/driver/h2_math.h"

#include <string.h>

/* `bits` without its low `shift` bits, rounded to nearest even without a branch. */
static uint32_t shift_rounded(uint32_t bits, uint32_t shift) {
  return (bits + (1U << (shift - 1)) - 1 + ((bits >> shift) & 1U)) >> shift;
}

uint16_t h2_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint32_t sign = (bits >> 16) & 0x8000U, magnitude = bits & 0x7FFFFFFFU;
  uint32_t half = 0;
  if (magnitude > 0x7F800000U) {
    half = 0x7E00U;
  } else if (magnitude >= 0x47800000U) { /* 2^16 */
    half = 0x7C00U;
  } else if (magnitude >= 0x38800000U) { /* 2^-14: normal; a carry runs into the exponent */
    half = shift_rounded(magnitude - (112U << 23), 13);
  } else if (magnitude >= 0x33000000U) { /* 2^-25: half of the smallest subnormal */
    half = shift_rounded((magnitude & 0x7FFFFFU) | 0x800000U, 126 - (magnitude >> 23));
  }
  return (uint16_t)(sign | half);
}

float h2_single(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000U) << 16, exponent = (half >> 10) & 0x1FU;
  const uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) { /* zero, or subnormal: a multiple of 2^-24 */
    const float value = (float)fraction * 5.9604644775390625e-8F;
    return sign != 0 ? -value : value;
  }
  const uint32_t bits =
      sign | (exponent == 0x1FU ? 0x7F800000U : (exponent + 112U) << 23) | fraction << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

double h2_exp_minus(uint32_t n) {
  double power = 0.36787944117144233, result = 1.0; /* 1/e */
  for (; n != 0; n >>= 1, power *= power)
    if (n & 1U) result *= power;
  return result;
}

double h2_exp_below(double x) {
  if (!(x >= 0.0 && x < 700.0)) return 0.0;
  const uint32_t whole = (uint32_t)x;
  const double rest = whole - x;
  double term = 1.0, sum = 1.0;
  for (int n = 1; n < 20; ++n) {
    term *= rest / n;
    sum += term;
  }
  return h2_exp_minus(whole) * sum;
}

double h2_log(double x) {
  if (!(x >= 1.0 && x <= 1e300)) return 0.0;
  double halvings = 0.0;
  for (; x > 1.5; x *= 0.5) halvings += 1.0;
  /* ln x = 2 artanh((x-1)/(x+1)), |argument| <= 1/5 */
  const double z = (x - 1.0) / (x + 1.0), zz = z * z;
  double term = z, sum = 0.0;
  for (int k = 1; k < 24; k += 2, term *= zz) sum += term / k;
  return 2.0 * sum + halvings * 0.69314718055994530942;
}

double h2_versine(double x) {
  /* The series of 1 - cos y at y = pi x / 16, then 1 - cos 2y = 2 (1 - cos y) (2 - (1 - cos y)). */
  const double y = x * 0.19634954084936207740, yy = y * y;
  double term = 0.5 * yy, sum = 0.0;
  for (int k = 4; k < 18; k += 2, term *= -yy / ((k - 2) * (double)(k - 3))) sum += term;
  for (int k = 0; k < 4; ++k) sum = 2.0 * sum * (2.0 - sum);
  return sum;
}

double h2_loss_mse(const uint32_t* counts, uint32_t classes, uint32_t label, uint32_t timesteps,
                   uint32_t samples, float scale, float* gradient) {
  if (label >= classes || samples == 0 || timesteps == 0) return -1.0;
  double loss = 0.0;
  for (uint32_t k = 0; k < classes; ++k) {
    const double r = (double)counts[k] / timesteps, d = r - (k == label ? 1.0 : 0.0);
    loss += d * d / classes;
    gradient[k] = (float)(2.0 * d / ((double)classes * samples * timesteps) * scale);
  }
  return loss;
}

double h2_loss_cross_entropy(const uint32_t* counts, uint32_t classes, uint32_t label,
                             uint32_t samples, float scale, float* gradient) {
  if (label >= classes || samples == 0) return -1.0;
  uint32_t most = 0;
  for (uint32_t k = 0; k < classes; ++k)
    if (counts[k] > most) most = counts[k];
  double sum = 0.0;
  for (uint32_t k = 0; k < classes; ++k) sum += h2_exp_minus(most - counts[k]);
  for (uint32_t k = 0; k < classes; ++k) {
    const double p = h2_exp_minus(most - counts[k]) / sum - (k == label ? 1.0 : 0.0);
    gradient[k] = (float)(p / samples * scale);
  }
  return (double)(most - counts[label]) + h2_log(sum);
}
