#include "platform/driver/h2_math.h"

#include <string.h>

uint16_t h2_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint16_t sign = (uint16_t)((bits >> 16) & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return (uint16_t)(sign | 0x7E00U);
  if (magnitude >= 0x47800000U) return (uint16_t)(sign | 0x7C00U);
  const int exponent = (int)(magnitude >> 23) - 127;
  if (exponent < -25) return sign;
  const uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
  const int shift = exponent >= -14 ? 13 : -exponent - 1;
  uint32_t half = mantissa >> shift;
  const uint32_t rest = mantissa & ((1U << shift) - 1), middle = 1U << (shift - 1);
  if (rest > middle || (rest == middle && (half & 1U))) ++half;
  if (exponent >= -14) half += (uint32_t)(exponent + 14) << 10; /* the carry runs into it */
  return (uint16_t)(sign | half);
}

double h2_exp_minus(uint32_t n) {
  double power = 0.36787944117144233, result = 1.0; /* 1/e */
  for (; n != 0; n >>= 1, power *= power)
    if (n & 1U) result *= power;
  return result;
}

double h2_log(double x) {
  double halvings = 0.0;
  for (; x > 1.5; x *= 0.5) halvings += 1.0;
  /* ln x = 2 artanh((x-1)/(x+1)), |argument| <= 1/5 */
  const double z = (x - 1.0) / (x + 1.0), zz = z * z;
  double term = z, sum = 0.0;
  for (int k = 1; k < 24; k += 2, term *= zz) sum += term / k;
  return 2.0 * sum + halvings * 0.69314718055994530942;
}

double h2_loss_mse(const uint32_t* counts, uint32_t classes, uint32_t label, uint32_t timesteps,
                   uint32_t samples, float scale, float* gradient) {
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
